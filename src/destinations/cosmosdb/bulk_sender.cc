#include "destinations/cosmosdb/bulk_sender.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "destinations/cosmosdb/partition_key.h"
#include "destinations/cosmosdb/point_sender.h"

namespace spillway::cosmosdb {
namespace {

constexpr int kBadRequest = 400;
constexpr int kThrottled = 429;
constexpr size_t kNoRange = static_cast<size_t>(-1);

// How many of the operations, at least one, fit into one request.
size_t CountThatFit(std::span<const Operation> operations) {
  size_t bytes = 2;
  const size_t most = std::min(operations.size(), kBulkOperationsMax);
  for (size_t i = 0; i < most; ++i) {
    bytes += BulkOperationBytesMax(operations[i]) + 1;
    if (bytes > kRequestBytesMax && i > 0) return i;
  }
  return most;
}

bool HasReads(std::span<const Operation> operations) {
  return std::any_of(operations.begin(), operations.end(), [](const Operation& operation) {
    return operation.kind == OperationKind::kRead;
  });
}

void FailAll(const Status& failure, std::span<OperationResult> results) {
  for (OperationResult& result : results) result.failure = failure;
}

}  // namespace

void BulkSender::Send(std::span<const Operation> operations, std::span<OperationResult> results,
                      WriteReport* report, const CallContext& ctx) {
  Result<RangeMapPointer> map = ranges_.Get(client_.range_source(), ctx);
  if (!map.ok()) return FailAll(map.status(), results);
  Delivery delivery{.map = *map, .report = report, .ctx = ctx};
  delivery.ranges = Route(operations, results, *delivery.map);
  const std::vector<size_t>& ranges = delivery.ranges;
  const bool one_range = std::all_of(ranges.begin(), ranges.end(), [&](size_t range) {
    return range == ranges.front() && range != kNoRange;
  });
  if (one_range && !ranges.empty()) {
    SendToRange(ranges.front(), operations, results, &delivery);
  } else {
    SendGrouped(operations, results, &delivery);
  }
  Recover(delivery, results);
}

void BulkSender::SendGrouped(std::span<const Operation> operations,
                             std::span<OperationResult> results, Delivery* delivery) {
  const std::vector<size_t>& ranges = delivery->ranges;
  std::vector<size_t> order(operations.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return ranges[a] < ranges[b]; });
  for (size_t first = 0; first < order.size();) {
    const size_t range = ranges[order[first]];
    if (range == kNoRange) return;  // sorted to the end, refused already
    std::vector<Operation> group;
    for (size_t i = first; i < order.size() && ranges[order[i]] == range; ++i) {
      group.push_back(operations[order[i]]);
    }
    std::vector<OperationResult> answers(group.size());
    SendToRange(range, group, answers, delivery);
    for (OperationResult& answer : answers) results[order[first++]] = std::move(answer);
  }
}

void BulkSender::Recover(const Delivery& delivery, std::span<OperationResult> results) {
  if (delivery.ranges_are_stale) {
    // The engine sends the rows again; a failure to read the ranges now shows at that Send.
    (void)ranges_.Refresh(client_.range_source(), delivery.map, delivery.ctx);
  }
  if (!delivery.container_may_be_another) return;
  const Status same = client_.CheckExpectedContainer(delivery.ctx);
  if (!same.ok()) FailAll(same, results);
}

std::vector<size_t> BulkSender::Route(std::span<const Operation> operations,
                                      std::span<OperationResult> results,
                                      const PartitionKeyRangeMap& map) {
  std::vector<size_t> ranges(operations.size());
  std::string hashed;
  for (size_t i = 0; i < operations.size(); ++i) {
    const Document& document = *operations[i].document;
    if (hash_ == HashKind::kV2 && document.route != Hash128()) {
      const std::array<char, kRouteBytes> epk = EpkOfRoute(document.route);
      ranges[i] = map.Find({epk.data(), epk.size()});
      continue;
    }
    const Status parsed = EpkOfText(hash_, document.partition_key, &hashed);
    ranges[i] = parsed.ok() ? map.Find(hashed) : kNoRange;
    if (parsed.ok()) continue;
    results[i].status = kBadRequest;
    results[i].message = parsed.message();
  }
  return ranges;
}

void BulkSender::SendToRange(size_t range, std::span<const Operation> operations,
                             std::span<OperationResult> results, Delivery* delivery) {
  while (!operations.empty()) {
    const size_t count = CountThatFit(operations);
    if (count == 1 && BulkOperationBytesMax(operations.front()) > kRequestBytesMax) {
      SendItem(client_, operations.front(), &results.front(), delivery->report, delivery->ctx);
    } else {
      SendOneRequest(range, operations.first(count), results.first(count), delivery);
    }
    operations = operations.subspan(count);
    results = results.subspan(count);
  }
}

void BulkSender::SendOneRequest(size_t range, std::span<const Operation> operations,
                                std::span<OperationResult> results, Delivery* delivery) {
  const Status stopped = delivery->ctx.CheckNotStopped();
  if (!stopped.ok()) return FailAll(stopped, results);
  request_.Build(operations);
  const HttpBody body = request_.body();
  Result<CosmosResponse> response =
      client_.Bulk((*delivery->map)[range].id, HasReads(operations), body, delivery->ctx);
  ++delivery->report->requests;
  delivery->report->bytes_sent += body.size();
  if (!response.ok()) return FailAll(response.status(), results);
  delivery->report->cost += response->charge;
  const bool halve =
      !response->ok() && operations.size() > 1 &&
      Classify(response->status, response->sub_status).recovery == Recovery::kSmallerRequest;
  if (!halve) return ReadAnswer(*std::move(response), operations, results, delivery);
  const size_t half = operations.size() / 2;
  SendOneRequest(range, operations.first(half), results.first(half), delivery);
  SendOneRequest(range, operations.subspan(half), results.subspan(half), delivery);
}

void BulkSender::ReadAnswer(CosmosResponse response, std::span<const Operation> operations,
                            std::span<OperationResult> results, Delivery* delivery) {
  if (response.ok()) {
    const Status parsed = parser_.Parse(&response.body, HasReads(operations), results);
    if (!parsed.ok()) return FailAll(Unsure(std::string(parsed.message())), results);
  } else {
    const std::string message = MessageOfBody(response.body);
    for (OperationResult& result : results) {
      result.status = response.status;
      result.sub_status = response.sub_status;
      result.retry_after = response.retry_after;
      result.message = message;
    }
  }
  bool throttled = false;
  for (const OperationResult& result : results) {
    throttled = throttled || result.status == kThrottled;
    if (IsSuccess(result.status)) continue;
    const Classification classification = Classify(result.status, result.sub_status);
    if (classification.recovery == Recovery::kRefreshRanges) delivery->ranges_are_stale = true;
    if (classification.recovery == Recovery::kCheckContainer) {
      delivery->container_may_be_another = true;
    }
  }
  if (throttled) ++delivery->report->throttled_requests;
}

}  // namespace spillway::cosmosdb
