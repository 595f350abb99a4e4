// Lane and LaneSet: the documents of a run spread over ordered conversations with the destination.
// A lane is a range of routes, so a key has one lane; a lane is a thread with a queue and a Writer
// of its own.
#ifndef SPILLWAY_ENGINE_LANE_H_
#define SPILLWAY_ENGINE_LANE_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "connector/destination.h"
#include "engine/delivery.h"
#include "engine/stamp.h"

namespace spillway {

class Lane {
 public:
  Lane(DeliveryParts parts, DeliveryOptions options, std::unique_ptr<Writer> writer)
      : parts_(parts), delivery_(parts, options, std::move(writer)), rows_max_(options.rows_max) {}

  Status Push(const Slice& slice) { return queue_.Push(slice, 1, parts_.stop.token()); }
  void CloseInput();

  // The lane's thread: until its input is closed and everything in it is settled.
  Status Run();

 private:
  // Takes slices until a full write is waiting, or none comes for a moment.
  void Fill();
  // When nothing can be sent: until a slice comes or an unsure row is due.
  void WaitForWork();

  const DeliveryParts parts_;
  Delivery delivery_;
  const uint32_t rows_max_;
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
  // No more pushes: the lanes end when what they have is settled.
  void CloseInput();
  // Requested when the last lane has ended.
  std::stop_token ended() const { return ended_.get_token(); }
  uint32_t size() const { return static_cast<uint32_t>(lanes_.size()); }

 private:
  LaneSet(Destination& destination, const LanePlan& plan, const DeliveryParts& parts)
      : destination_(destination), lower_bounds_(plan.lower_bounds), parts_(parts) {}
  uint32_t LaneOf(const Hash128& route) const;

  Destination& destination_;
  const std::vector<Hash128> lower_bounds_;
  const DeliveryParts parts_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<uint32_t> running_{0};
  std::stop_source ended_;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_LANE_H_
