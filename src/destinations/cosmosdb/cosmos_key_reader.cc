#include "destinations/cosmosdb/cosmos_key_reader.h"

#include <utility>

#include "destinations/cosmosdb/response_classifier.h"

namespace spillway::cosmosdb {
namespace {

constexpr int kNotFound = 404;
constexpr int kTooLarge = 413;
// A read that changes nothing is tried again whatever became of it, and so is one whose range
// moved.
constexpr int kRangeGone = 410;

bool MayReadAgain(const Status& status) {
  return status.code() == StatusCode::kThrottled || status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kUnsure;
}

// OK: `body` says what is there.
Status Take(OperationResult& result, std::optional<std::string>* body) {
  if (!result.failure.ok()) return std::move(result.failure);
  if (IsSuccess(result.status)) {
    *body = std::move(result.body);
    return Status::Ok();
  }
  if (result.status == kNotFound && result.sub_status == 0) {
    body->reset();
    return Status::Ok();
  }
  const Status refused = ToStatus({.status = result.status,
                                   .sub_status = result.sub_status,
                                   .message = result.message,
                                   .activity_id = {},
                                   .retry_after = result.retry_after});
  const Disposition disposition = Classify(result.status, result.sub_status).disposition;
  const bool again = result.status == kRangeGone || disposition == Disposition::kRetry ||
                     disposition == Disposition::kUnsure;
  if (!again || MayReadAgain(refused)) return refused;
  return Unavailable(std::string(refused.message())).WithRetryAfter(result.retry_after);
}

}  // namespace

Result<std::vector<std::optional<std::string>>> CosmosKeyReader::Read(
    std::span<const DocumentKey> keys, const CallContext& ctx) {
  std::vector<std::optional<std::string>> bodies(keys.size());
  std::vector<Document> documents(keys.size());
  std::vector<size_t> open;  // keys that have no answer yet
  for (size_t i = 0; i < keys.size(); ++i) {
    documents[i].id = keys[i].id;
    documents[i].partition_key = keys[i].partition_key;
    open.push_back(i);
  }
  for (uint32_t attempts = 1; !open.empty(); ++attempts) {
    std::vector<Operation> operations;
    for (const size_t i : open) {
      operations.push_back({.kind = OperationKind::kRead,
                            .document = &documents[i],
                            .row = static_cast<uint32_t>(i),
                            .body = {},
                            .if_match = {}});
    }
    std::vector<OperationResult> results(operations.size());
    WriteReport report;
    sender_->Send(operations, results, &report, ctx);
    cost_ += report.cost;
    std::vector<size_t> again;
    Status last;
    for (size_t i = 0; i < open.size(); ++i) {
      const DocumentKey& key = keys[open[i]];
      if (results[i].failure.ok() && results[i].status == kTooLarge) {
        // All answers together are: alone it fits.
        ASSIGN_OR_RETURN(bodies[open[i]], client_->ReadItem(key.partition_key, key.id, ctx));
        continue;
      }
      Status taken = Take(results[i], &bodies[open[i]]);
      if (taken.ok()) continue;
      if (!MayReadAgain(taken)) return std::move(taken).WithContext("reading items by key");
      again.push_back(open[i]);
      if (last.ok() || taken.retry_after() > last.retry_after()) last = std::move(taken);
    }
    open = std::move(again);
    if (open.empty()) break;
    RETURN_IF_ERROR(
        client_->client().WaitToReadAgain(client_->read_policy(), attempts, std::move(last), ctx));
  }
  return bodies;
}

}  // namespace spillway::cosmosdb
