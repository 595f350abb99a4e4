#include "engine/lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/prefetch.h"

namespace spillway {
namespace {

// How long a write that is not full waits for more documents.
constexpr std::chrono::milliseconds kFillWaitMax{2};
// How often a lane with unsure rows looks for new documents meanwhile.
constexpr std::chrono::milliseconds kLookAgain{5};

}  // namespace

void Lane::CloseInput() {
  input_closed_ = true;
  queue_.Close();
}

Status Lane::Run() {
  while (true) {
    if (parts_.stop.token().stop_requested()) return Cancelled("stopped on request");
    delivery_.ReleaseDue();
    if (!delivery_.crowded()) Fill();
    if (delivery_.waiting() > 0) {
      RETURN_IF_ERROR(delivery_.Send());
    } else if (delivery_.empty() && input_closed_ && queue_.weight() == 0) {
      return Status::Ok();
    } else {
      WaitForWork();
    }
  }
}

void Lane::Fill() {
  bool waited = false;
  while (delivery_.waiting() < rows_max_) {
    if (const std::optional<Slice> slice = queue_.TryPop()) {
      delivery_.Add(*slice);
    } else if (delivery_.waiting() == 0 || waited || input_closed_) {
      return;
    } else {
      waited = true;
      parts_.clock.WaitFor(kFillWaitMax, parts_.stop.token());
    }
  }
}

void Lane::WaitForWork() {
  const std::optional<SteadyTime> due = delivery_.NextDue();
  if (!due.has_value()) {
    if (const std::optional<Slice> slice = queue_.Pop(parts_.stop.token())) delivery_.Add(*slice);
    return;
  }
  const bool more_may_come = !input_closed_ && !delivery_.crowded();
  const std::chrono::nanoseconds until_due = *due - parts_.clock.Now();
  parts_.clock.WaitFor(
      more_may_come ? std::min<std::chrono::nanoseconds>(until_due, kLookAgain) : until_due,
      parts_.stop.token());
}

Result<std::unique_ptr<LaneSet>> LaneSet::Open(Destination& destination, const LanePlan& plan,
                                               const DeliveryParts& parts, const Options& options,
                                               const CallContext& ctx) {
  if (plan.lower_bounds.empty() || plan.groups.size() != plan.lower_bounds.size()) {
    return Internal(fmt::format("the destination planned {} lanes in {} groups",
                                plan.lower_bounds.size(), plan.groups.size()));
  }
  const Capabilities& can = destination.capabilities();
  std::unique_ptr<LaneSet> set(new LaneSet(destination, plan, parts));
  for (size_t lane = 0; lane < plan.groups.size(); ++lane) {
    ASSIGN_OR_RETURN(std::unique_ptr<Writer> writer, destination.OpenWriter(options.mode, ctx));
    DeliveryOptions delivery;
    delivery.rows_max = std::max(can.rows_max, 1u);
    delivery.bytes_target = can.bytes_target;
    delivery.group = plan.groups[lane];
    delivery.settle = options.settle;
    delivery.row_failing_max = options.row_failing_max;
    delivery.seed = options.seed + lane;
    set->lanes_.push_back(
        std::make_unique<Lane>(parts, delivery, WithStamp(std::move(writer), options.stamp)));
  }
  return set;
}

LaneSet::~LaneSet() {
  CloseInput();
}

void LaneSet::Start() {
  running_ = size();
  for (const auto& lane : lanes_) {
    threads_.emplace_back([this, &lane = *lane] {
      Status ended = lane.Run();
      if (!ended.ok()) parts_.stop.Stop(std::move(ended));
      if (--running_ == 0) ended_.request_stop();
    });
  }
}

uint32_t LaneSet::LaneOf(const Hash128& route) const {
  const auto above = std::upper_bound(lower_bounds_.begin(), lower_bounds_.end(), route);
  return above == lower_bounds_.begin() ? 0
                                        : static_cast<uint32_t>(above - lower_bounds_.begin() - 1);
}

namespace {

// How many keys are asked for in a row.
constexpr size_t kPrefetchedKeys = 64;

void PrefetchKeys(std::span<const Document> documents) {
  const size_t count = std::min(documents.size(), kPrefetchedKeys);
  for (size_t i = 0; i < count; ++i) Prefetch(documents[i].partition_key.data());
}

}  // namespace

// A counting sort of the documents by lane, which keeps their order inside each.
Status LaneSet::Push(BatchInFlight& batch, EncodedBatch& encoded) {
  std::vector<uint32_t> lane_of(encoded.documents.size());
  std::vector<uint32_t> ends(lanes_.size(), 0);
  for (size_t i = 0; i < encoded.documents.size(); ++i) {
    if (i % kPrefetchedKeys == 0) PrefetchKeys(std::span(encoded.documents).subspan(i));
    Document& document = encoded.documents[i];
    document.route = destination_.Route(document);
    lane_of[i] = LaneOf(document.route);
    ++ends[lane_of[i]];
  }
  for (size_t lane = 1; lane < ends.size(); ++lane) ends[lane] += ends[lane - 1];
  std::vector<uint32_t>& order = batch.order();
  order.resize(lane_of.size());
  for (size_t i = lane_of.size(); i-- > 0;) order[--ends[lane_of[i]]] = static_cast<uint32_t>(i);
  // `ends` holds the begins now. The batch may be gone as soon as its last slice is pushed.
  const auto total = static_cast<uint32_t>(order.size());
  for (size_t lane = 0; lane < lanes_.size(); ++lane) {
    const uint32_t end = lane + 1 < lanes_.size() ? ends[lane + 1] : total;
    if (ends[lane] == end) continue;
    RETURN_IF_ERROR(lanes_[lane]->Push({.batch = &batch, .begin = ends[lane], .end = end}));
  }
  return Status::Ok();
}

void LaneSet::CloseInput() {
  for (const auto& lane : lanes_) lane->CloseInput();
}

}  // namespace spillway
