// Lane and LaneSet: the documents of a run spread over ordered conversations with the destination.
// A lane is a range of routes, so a key has one lane; a lane is a thread with a queue and a Writer
// of its own.
#ifndef SPILLWAY_ENGINE_LANE_H_
#define SPILLWAY_ENGINE_LANE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "connector/destination.h"
#include "engine/budget.h"
#include "engine/delivery.h"
#include "engine/overflow.h"
#include "engine/stamp.h"

namespace spillway {

// Where the documents of lanes wait; both outlive them.
struct LaneMemory {
  // That their batches hold and readers wait for. Until it is scarce, lanes of several sections
  // wait for full writes. nullptr: no lane waits for more than a moment.
  Budget* budget = nullptr;
  // For the documents of lanes that are far behind, so that the others are not kept waiting.
  Overflow* overflow = nullptr;  // nullptr: they are
};

class Lane {
 public:
  // `index`: that the lane has in the overflow.
  Lane(DeliveryParts parts, DeliveryOptions options, std::unique_ptr<Writer> writer,
       LaneMemory memory = {}, uint32_t index = 0)
      : parts_(parts),
        memory_(memory),
        index_(index),
        delivery_(parts, options, std::move(writer)),
        write_rows_(options.rows_max) {}

  Status Push(const Slice& slice);
  // Looks for documents in the overflow.
  Status Wake() { return queue_.Push({}, 1, parts_.stop.token()); }
  void CloseInput();

  // Documents in memory that are not sent yet, or are to be sent again.
  uint64_t backlog() const { return queued_ + waiting_; }
  // Whether it can do without new documents for some writes.
  bool far_behind() const;

  // The lane's thread: until its input is closed and everything in it is settled.
  Status Run();

 private:
  // Takes slices until a full write is waiting, or it is time for what there is.
  Status Fill();
  // How long Fill waits at a time for more, after so long; 0: no more.
  std::chrono::milliseconds WaitForMore(std::chrono::milliseconds waited) const;
  // Whether memory should be freed rather than writes filled.
  bool pressed() const;
  // When nothing can be sent: until a slice comes or an unsure row is due.
  void WaitForWork();
  void Add(const Slice& slice);
  Status Send();
  bool Overflowed() const;
  Status TakeOverflow();

  const DeliveryParts parts_;
  const LaneMemory memory_;
  const uint32_t index_;
  Delivery delivery_;
  std::atomic<uint64_t> queued_{0};   // documents in the queue
  std::atomic<uint64_t> waiting_{0};  // and in the delivery
  std::atomic<uint32_t> write_rows_;  // of the delivery
  // Not bounded by itself: a batch adds at most one slice, and the batches are bounded by their
  // budget.
  BoundedQueue<Slice> queue_{std::numeric_limits<size_t>::max()};
  std::atomic<bool> input_closed_{false};
};

// Makes its threads in Start and joins them in the destructor; stop the run first when it must not
// wait.
class LaneSet {
 public:
  // `settle`, `row_failing_max` and `seed` as DeliveryOptions; the rest of them comes from plan and
  // capabilities.
  struct Options {
    WriteMode mode = WriteMode::kMirror;
    std::chrono::milliseconds settle{15'000};
    std::chrono::milliseconds row_failing_max{600'000};
    uint64_t seed = 0;
    Stamp stamp{};
    LaneMemory memory{};
  };
  // Opens one writer per lane of `plan`.
  static Result<std::unique_ptr<LaneSet>> Open(Destination& destination, const LanePlan& plan,
                                               const DeliveryParts& parts, const Options& options,
                                               const CallContext& ctx);
  ~LaneSet();

  void Start();
  // Routes the documents and hands each lane its part. Thread-safe; does not block. REQUIRES: the
  // batch has documents, of which this sets the routes.
  Status Push(BatchInFlight& batch, EncodedBatch& encoded);
  // Sets the documents' routes; gives the lane of each.
  std::vector<uint32_t> Route(EncodedBatch& encoded) const;

  // Whether a lane has nothing to do while another is so far behind that it can do without new
  // documents for a while.
  bool uneven() const;
  bool far_behind(uint32_t lane) const;
  // Documents of the lane were put into the overflow.
  Status Wake(uint32_t lane) { return lanes_[lane]->Wake(); }
  // No more pushes: the lanes end when what they have is settled.
  void CloseInput();
  // Requested when the last lane has ended.
  std::stop_token ended() const { return ended_.get_token(); }
  uint32_t size() const { return static_cast<uint32_t>(lanes_.size()); }

 private:
  LaneSet(Destination& destination, const LanePlan& plan, const DeliveryParts& parts,
          const LaneMemory& memory);
  // Sets the documents' routes; gives the section of each.
  std::vector<uint32_t> SectionsOf(EncodedBatch& encoded) const;
  std::vector<Hash128> SectionsOfLane(uint32_t lane) const;

  Destination& destination_;
  const std::vector<Hash128> section_bounds_;
  std::vector<uint32_t> lane_of_section_;  // ascending
  const DeliveryParts parts_;
  const LaneMemory memory_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<uint32_t> running_{0};
  std::stop_source ended_;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

// What a destination may be asked at the same time by so many lanes.
ConcurrencyLimitOptions LimitOfLanes(uint32_t lanes);

// Blocks until the lanes have ended; `on_tick` is called every so often. Writes under way when the
// run is stopped are let go on for a while before they are broken off, and so become unsure.
void WaitForLanes(
    const LaneSet& lanes, RunStop& stop, Clock& clock, std::chrono::milliseconds tick,
    const std::function<void()>& on_tick = [] {});

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_LANE_H_
