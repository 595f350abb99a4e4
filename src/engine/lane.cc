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
// The same where there are several sections, each of which needs documents enough for a write; and
// how often a lane looks meanwhile.
constexpr std::chrono::milliseconds kGatherMax{1'000};
constexpr std::chrono::milliseconds kGatherLook{10};
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

bool Lane::pressed() const {
  return memory_.budget != nullptr && memory_.budget->scarce();
}

std::chrono::milliseconds Lane::WaitForMore(std::chrono::milliseconds waited) const {
  if (input_closed_ || delivery_.waiting() == 0) return {};
  const bool gathers = delivery_.sections() > 1 && memory_.budget != nullptr;
  if (!gathers) return waited < kFillWaitMax ? kFillWaitMax : std::chrono::milliseconds(0);
  return waited < kGatherMax && !pressed() ? kGatherLook : std::chrono::milliseconds(0);
}

Status Lane::Fill() {
  std::chrono::milliseconds waited{0};
  while (!delivery_.has_full_write()) {
    if (const std::optional<Slice> slice = queue_.TryPop()) {
      Add(*slice);
    } else if (Overflowed()) {
      RETURN_IF_ERROR(TakeOverflow());
    } else {
      const std::chrono::milliseconds wait = WaitForMore(waited);
      if (wait.count() == 0 || !parts_.clock.WaitFor(wait, parts_.stop.token())) break;
      waited += wait;
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
  return backlog() > kFarBehindWrites * write_rows_ * delivery_.sections();
}

bool Lane::Overflowed() const {
  return memory_.overflow != nullptr && memory_.overflow->holds(index_);
}

Status Lane::TakeOverflow() {
  ASSIGN_OR_RETURN(BatchInFlight* const part, memory_.overflow->Take(index_));
  if (part == nullptr) return Status::Ok();
  queued_ += part->documents();
  Add({.batch = part, .begin = 0, .end = part->documents()});
  return Status::Ok();
}

Status Lane::Send() {
  RETURN_IF_ERROR(delivery_.Send(pressed()));
  waiting_ = delivery_.waiting();
  write_rows_ = delivery_.write_rows();
  if (memory_.overflow != nullptr && backlog() == 0) memory_.budget->Wake();
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

namespace {

// Which of the intervals that begin at `bounds` has the route.
uint32_t IntervalOf(const std::vector<Hash128>& bounds, const Hash128& route) {
  const auto above = std::upper_bound(bounds.begin(), bounds.end(), route);
  return above == bounds.begin() ? 0 : static_cast<uint32_t>(above - bounds.begin() - 1);
}

Status CheckPlan(const LanePlan& plan) {
  if (plan.lower_bounds.empty() || plan.groups.size() != plan.lower_bounds.size()) {
    return Internal(fmt::format("the destination planned {} lanes in {} groups",
                                plan.lower_bounds.size(), plan.groups.size()));
  }
  const bool whole = plan.section_bounds.empty() ||
                     std::includes(plan.section_bounds.begin(), plan.section_bounds.end(),
                                   plan.lower_bounds.begin(), plan.lower_bounds.end());
  return whole ? Status::Ok() : Internal("the destination planned lanes that cut sections");
}

}  // namespace

LaneSet::LaneSet(Destination& destination, const LanePlan& plan, const DeliveryParts& parts,
                 const LaneMemory& memory)
    : destination_(destination),
      section_bounds_(plan.section_bounds.empty() ? plan.lower_bounds : plan.section_bounds),
      parts_(parts),
      memory_(memory) {
  for (const Hash128& bound : section_bounds_) {
    lane_of_section_.push_back(IntervalOf(plan.lower_bounds, bound));
  }
}

std::vector<Hash128> LaneSet::SectionsOfLane(uint32_t lane) const {
  std::vector<Hash128> bounds;
  for (size_t i = 0; i < section_bounds_.size(); ++i) {
    if (lane_of_section_[i] == lane) bounds.push_back(section_bounds_[i]);
  }
  return bounds;
}

Result<std::unique_ptr<LaneSet>> LaneSet::Open(Destination& destination, const LanePlan& plan,
                                               const DeliveryParts& parts, const Options& options,
                                               const CallContext& ctx) {
  RETURN_IF_ERROR(CheckPlan(plan));
  const Capabilities& can = destination.capabilities();
  std::unique_ptr<LaneSet> set(new LaneSet(destination, plan, parts, options.memory));
  for (size_t lane = 0; lane < plan.groups.size(); ++lane) {
    ASSIGN_OR_RETURN(std::unique_ptr<Writer> writer, destination.OpenWriter(options.mode, ctx));
    DeliveryOptions delivery;
    delivery.rows_max = std::max(can.rows_max, 1u);
    delivery.bytes_target = can.bytes_target;
    delivery.group = plan.groups[lane];
    delivery.section_bounds = set->SectionsOfLane(static_cast<uint32_t>(lane));
    delivery.settle = options.settle;
    delivery.row_failing_max = options.row_failing_max;
    delivery.seed = options.seed + lane;
    set->lanes_.push_back(std::make_unique<Lane>(parts, delivery,
                                                 WithStamp(std::move(writer), options.stamp),
                                                 options.memory, static_cast<uint32_t>(lane)));
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

namespace {

// How many keys are asked for in a row.
constexpr size_t kPrefetchedKeys = 64;

void PrefetchKeys(std::span<const Document> documents) {
  const size_t count = std::min(documents.size(), kPrefetchedKeys);
  for (size_t i = 0; i < count; ++i) Prefetch(documents[i].partition_key.data());
}

}  // namespace

std::vector<uint32_t> LaneSet::SectionsOf(EncodedBatch& encoded) const {
  std::vector<uint32_t> section_of(encoded.documents.size());
  for (size_t i = 0; i < encoded.documents.size(); ++i) {
    if (i % kPrefetchedKeys == 0) PrefetchKeys(std::span(encoded.documents).subspan(i));
    Document& document = encoded.documents[i];
    document.route = destination_.Route(document);
    section_of[i] = IntervalOf(section_bounds_, document.route);
  }
  return section_of;
}

std::vector<uint32_t> LaneSet::Route(EncodedBatch& encoded) const {
  std::vector<uint32_t> lane_of = SectionsOf(encoded);
  for (uint32_t& of : lane_of) of = lane_of_section_[of];
  return lane_of;
}

bool LaneSet::far_behind(uint32_t index) const {
  return lanes_[index]->far_behind() || memory_.overflow->holds(index);
}

bool LaneSet::uneven() const {
  if (memory_.overflow == nullptr) return false;
  bool idle = false;
  bool behind = false;
  for (uint32_t lane = 0; lane < size() && !(idle && behind); ++lane) {
    idle = idle || (lanes_[lane]->backlog() == 0 && !memory_.overflow->holds(lane));
    behind = behind || far_behind(lane);
  }
  return idle && behind;
}

// A counting sort of the documents by section, which keeps their order inside each. The sections of
// a lane lie side by side, and so do its documents.
Status LaneSet::Push(BatchInFlight& batch, EncodedBatch& encoded) {
  const std::vector<uint32_t> section_of = SectionsOf(encoded);
  std::vector<uint32_t> ends(section_bounds_.size(), 0);
  for (const uint32_t section : section_of) ++ends[section];
  for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  std::vector<uint32_t>& order = batch.order();
  order.resize(section_of.size());
  for (size_t i = section_of.size(); i-- > 0;) {
    order[--ends[section_of[i]]] = static_cast<uint32_t>(i);
  }
  // `ends` holds the begins now. The batch may be gone as soon as its last slice is pushed.
  const auto total = static_cast<uint32_t>(order.size());
  for (size_t first = 0, next = 0; first < ends.size(); first = next) {
    const uint32_t lane = lane_of_section_[first];
    while (next < ends.size() && lane_of_section_[next] == lane) ++next;
    const uint32_t end = next < ends.size() ? ends[next] : total;
    if (ends[first] == end) continue;
    RETURN_IF_ERROR(lanes_[lane]->Push({.batch = &batch, .begin = ends[first], .end = end}));
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
