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
// Writes that wait in a lane which is far behind.
constexpr uint64_t kFarBehindWrites = 4;
// How long a stop lets writes under way go on.
constexpr std::chrono::seconds kDrainMax{10};

}  // namespace

Status Lane::Push(const Slice& slice) {
  queued_ += slice.end - slice.begin;
  return queue_.Push(slice, 1, parts_.stop.token());
}

void Lane::CloseInput() {
  input_closed_ = true;
  queue_.Close();
}

Status Lane::Run() {
  while (true) {
    if (parts_.stop.token().stop_requested()) return Cancelled("stopped on request");
    delivery_.ReleaseDue();
    if (!delivery_.crowded()) RETURN_IF_ERROR(Fill());
    if (delivery_.waiting() > 0) {
      RETURN_IF_ERROR(Send());
    } else if (delivery_.empty() && input_closed_ && queue_.weight() == 0 && !Overflowed()) {
      return Status::Ok();
    } else {
      WaitForWork();
    }
  }
}

Status Lane::Fill() {
  bool waited = false;
  while (delivery_.waiting() < rows_max_) {
    if (const std::optional<Slice> slice = queue_.TryPop()) {
      Add(*slice);
    } else if (Overflowed()) {
      RETURN_IF_ERROR(TakeOverflow());
    } else if (delivery_.waiting() == 0 || waited || input_closed_) {
      break;
    } else {
      waited = true;
      parts_.clock.WaitFor(kFillWaitMax, parts_.stop.token());
    }
  }
  return Status::Ok();
}

// An empty one only wakes the lane.
void Lane::Add(const Slice& slice) {
  if (slice.begin < slice.end) delivery_.Add(slice);
  waiting_ = delivery_.waiting();
  queued_ -= slice.end - slice.begin;
}

bool Lane::far_behind() const {
  return backlog() > kFarBehindWrites * write_rows_;
}

bool Lane::Overflowed() const {
  return overflow_.overflow != nullptr && overflow_.overflow->holds(index_);
}

Status Lane::TakeOverflow() {
  ASSIGN_OR_RETURN(BatchInFlight* const part, overflow_.overflow->Take(index_));
  if (part == nullptr) return Status::Ok();
  queued_ += part->documents();
  Add({.batch = part, .begin = 0, .end = part->documents()});
  return Status::Ok();
}

Status Lane::Send() {
  RETURN_IF_ERROR(delivery_.Send());
  waiting_ = delivery_.waiting();
  write_rows_ = delivery_.write_rows();
  if (overflow_.memory != nullptr && backlog() == 0) overflow_.memory->Wake();
  return Status::Ok();
}

void Lane::WaitForWork() {
  const std::optional<SteadyTime> due = delivery_.NextDue();
  if (!due.has_value()) {
    if (const std::optional<Slice> slice = queue_.Pop(parts_.stop.token())) Add(*slice);
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
  std::unique_ptr<LaneSet> set(new LaneSet(destination, plan, parts, options.overflow));
  for (size_t lane = 0; lane < plan.groups.size(); ++lane) {
    ASSIGN_OR_RETURN(std::unique_ptr<Writer> writer, destination.OpenWriter(options.mode, ctx));
    DeliveryOptions delivery;
    delivery.rows_max = std::max(can.rows_max, 1u);
    delivery.bytes_target = can.bytes_target;
    delivery.group = plan.groups[lane];
    delivery.settle = options.settle;
    delivery.row_failing_max = options.row_failing_max;
    delivery.seed = options.seed + lane;
    set->lanes_.push_back(std::make_unique<Lane>(parts, delivery,
                                                 WithStamp(std::move(writer), options.stamp),
                                                 options.overflow, static_cast<uint32_t>(lane)));
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

std::vector<uint32_t> LaneSet::Route(EncodedBatch& encoded) const {
  std::vector<uint32_t> lane_of(encoded.documents.size());
  for (size_t i = 0; i < encoded.documents.size(); ++i) {
    if (i % kPrefetchedKeys == 0) PrefetchKeys(std::span(encoded.documents).subspan(i));
    Document& document = encoded.documents[i];
    document.route = destination_.Route(document);
    lane_of[i] = LaneOf(document.route);
  }
  return lane_of;
}

bool LaneSet::far_behind(uint32_t index) const {
  return lanes_[index]->far_behind() || overflow_.overflow->holds(index);
}

bool LaneSet::uneven() const {
  if (overflow_.overflow == nullptr) return false;
  bool idle = false;
  bool behind = false;
  for (uint32_t lane = 0; lane < size() && !(idle && behind); ++lane) {
    idle = idle || (lanes_[lane]->backlog() == 0 && !overflow_.overflow->holds(lane));
    behind = behind || far_behind(lane);
  }
  return idle && behind;
}

// A counting sort of the documents by lane, which keeps their order inside each.
Status LaneSet::Push(BatchInFlight& batch, EncodedBatch& encoded) {
  const std::vector<uint32_t> lane_of = Route(encoded);
  std::vector<uint32_t> ends(lanes_.size(), 0);
  for (const uint32_t lane : lane_of) ++ends[lane];
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

ConcurrencyLimitOptions LimitOfLanes(uint32_t lanes) {
  ConcurrencyLimitOptions limit;
  limit.max = lanes;
  limit.start = std::min(limit.start, limit.max);
  return limit;
}

void WaitForLanes(const LaneSet& lanes, RunStop& stop, Clock& clock, std::chrono::milliseconds tick,
                  const std::function<void()>& on_tick) {
  std::optional<SteadyTime> drained_by;
  while (!lanes.ended().stop_requested()) {
    clock.WaitFor(tick, lanes.ended());
    if (stop.token().stop_requested()) {
      const SteadyTime now = clock.Now();
      if (!drained_by.has_value()) drained_by = now + kDrainMax;
      if (now >= *drained_by) stop.AbortWrites();
    }
    on_tick();
  }
}

}  // namespace spillway
