#include "state/state_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "net/retry_policy.h"
#include "state/state_json.h"

namespace spillway {
namespace {

constexpr RetryPolicy kPolicy{.wait_first = std::chrono::milliseconds(50),
                              .wait_max = std::chrono::milliseconds(3'000)};
constexpr std::string_view kFormat = "format";

bool Passes(const Status& status) {
  return status.code() == StatusCode::kThrottled || status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kUnsure;
}

Status Damaged(std::string_view partition, std::string_view id, std::string_view why) {
  return DataLoss(fmt::format("the state document {} of {} is damaged: {}", id, partition, why))
      .WithHint(
          "nothing was changed. Put back a copy of the container, or import an exported state with"
          " --force; docs/state.md says how");
}

}  // namespace

StateAttempts::StateAttempts(Clock& clock, std::chrono::milliseconds call_max)
    : clock_(clock), deadline_(clock.Now() + call_max), random_(std::random_device{}()) {}

Status StateAttempts::WaitToTryAgain(Status last) {
  ++attempts_;
  if (!Passes(last)) return last;
  // Ever further apart, whatever the store asks for: its refusals cost it throughput too.
  const auto wait = std::max(last.retry_after(), RetryWait(kPolicy, attempts_, {}, random_));
  if (clock_.Now() + wait > deadline_) return last;
  clock_.WaitFor(wait, {});
  return Status::Ok();
}

CallContext StateAttempts::context() const {
  return {.stop = {}, .deadline = clock_.Now() + kStateRequestMax};
}

std::string StateTable::Name() const {
  return "state " + table_->Describe();
}

int64_t StateTable::NowMillis() const {
  return UnixMillis(clock_.WallNow());
}

Result<StateDocument> StateTable::Check(std::string_view partition, TableDocument document) const {
  // A newer format may be sealed in another way: it is looked at first.
  const Result<JsonNode> tree = ParseJsonTree(document.body);
  if (!tree.ok()) return Damaged(partition, document.id, tree.status().message());
  const Result<int64_t> format = IntOf(*tree, kFormat);
  if (format.ok() && *format > kStateDocumentFormat) {
    return Unsupported(fmt::format("the state of {} has format {}; this program knows formats up to"
                                   " {}",
                                   partition, *format, kStateDocumentFormat))
        .WithHint("it was written by a newer Spillway: upgrade this one");
  }
  Result<JsonNode> json = Unseal(document.body, table_->limits().added_members);
  if (!json.ok()) return Damaged(partition, document.id, json.status().message());
  // A document that was copied under another name is whole, and yet not what it says.
  const Result<std::string> id = TextOf(*json, kTableId);
  const Result<std::string> home = TextOf(*json, kTablePartition);
  if (!id.ok() || *id != document.id || !home.ok() || *home != partition) {
    return Damaged(partition, document.id, "it is another document's copy");
  }
  return StateDocument{std::move(document.id), *std::move(json), std::move(document.etag),
                       document.written};
}

Result<std::optional<StateDocument>> StateTable::Read(std::string_view partition,
                                                      std::string_view id,
                                                      std::chrono::milliseconds call_max) {
  StateAttempts attempts(clock_, call_max);
  while (true) {
    Result<std::optional<TableDocument>> found = table_->Read(partition, id, attempts.context());
    if (found.ok()) {
      if (!found->has_value()) return std::optional<StateDocument>();
      ASSIGN_OR_RETURN(StateDocument document, Check(partition, **std::move(found)));
      return std::optional<StateDocument>(std::move(document));
    }
    RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(found).status().WithContext(Name())));
  }
}

Result<std::vector<StateDocument>> StateTable::List(std::string_view partition,
                                                    std::string_view from,
                                                    std::string_view before) {
  StateAttempts attempts(clock_, kStateCallMax);
  while (true) {
    Result<std::vector<TableDocument>> found =
        table_->List(partition, from, before, attempts.context());
    if (found.ok()) {
      std::vector<StateDocument> documents;
      for (TableDocument& document : *found) {
        ASSIGN_OR_RETURN(StateDocument checked, Check(partition, std::move(document)));
        documents.push_back(std::move(checked));
      }
      return documents;
    }
    RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(found).status().WithContext(Name())));
  }
}

Result<std::vector<std::string>> StateTable::Write(std::string_view partition,
                                                   std::span<const TableWrite> writes,
                                                   const CallContext& ctx) {
  Result<std::vector<std::string>> written = table_->Write(partition, writes, ctx);
  if (written.ok()) return written;
  return std::move(written).status().WithContext(Name());
}

StateDocumentWriter::StateDocumentWriter(std::string_view partition, std::string id)
    : id_(std::move(id)) {
  json_.BeginObject().Field(kTableId, id_).Field(kTablePartition, partition);
  json_.Field(kFormat, kStateDocumentFormat);
}

Result<TableWrite> StateDocumentWriter::Finish(TableWrite::Kind kind, std::string if_match) {
  json_.EndObject();
  ASSIGN_OR_RETURN(std::string body, Sealed(json_.text()));
  return TableWrite{kind, std::move(id_), std::move(body), std::move(if_match)};
}

}  // namespace spillway
