// ChangeSender: the lanes of a run of changes, which live as long as the run, and what goes through
// them: a list of images as documents, one list at a time.
#ifndef SPILLWAY_CHANGES_CHANGE_SENDER_H_
#define SPILLWAY_CHANGES_CHANGE_SENDER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "changes/image_bytes.h"
#include "changes/image_record.h"
#include "changes/record_log.h"
#include "engine/lane.h"
#include "throughput/throughput_control.h"
#include "transforms/document_options.h"

namespace spillway {

// All outlive the sender.
struct SenderParts {
  Clock& clock;
  Destination& destination;
  const SendRight* lease;  // null: none is needed (tests)
  RejectedGuard& rejected;
  RunMeter& meter;
  RunStop& stop;
};

struct SenderOptions {
  WriteMode mode = WriteMode::kMirror;
  std::optional<SoftDelete> soft_delete;  // of WriteMode::kSoftDelete
  uint32_t lanes_max = 32;
  std::chrono::milliseconds settle{15'000};
  std::chrono::milliseconds row_failing_max{600'000};
  ThroughputOptions throughput{};
  Stamp stamp{};
  uint64_t memory_bytes_max = 48 << 20;  // of documents on their way
};

// Used by one thread.
class ChangeSender {
 public:
  // Plans and opens the lanes. REQUIRES: Destination::Prepare.
  static Result<std::unique_ptr<ChangeSender>> Open(const SenderParts& parts,
                                                    const SenderOptions& options,
                                                    const CallContext& ctx);
  ~ChangeSender() { Finish(); }

  // A part of the list whose documents all have their fate: from record `first` on.
  using OnSettled = std::function<Status(uint64_t first, BatchInFlight& batch)>;
  // Sends the records from `first` on, as `intent`, and returns when every one has its fate, or the
  // run is stopped: then with the cause. `on_settled` is called on the lanes' threads.
  Status Send(const RecordLog<ImageRecord>& records, const ImageBytes& bytes, Intent intent,
              uint64_t first, OnSettled on_settled);

  // Returns when the lanes have ended: at once when nothing is under way; of a run that was
  // stopped, when what it had sent is answered or broken off. No Send after it.
  void Finish();

 private:
  ChangeSender(const SenderParts& parts, const SenderOptions& options);
  Status Push(const RecordLog<ImageRecord>& records, const ImageBytes& bytes, Intent intent,
              uint64_t first);
  Status WaitUntilSettled();
  Status Settled(BatchInFlight& batch);

  const SenderParts parts_;
  const std::string delete_body_;  // what a delete sets; empty: it deletes
  Budget memory_;
  ConcurrencyLimit concurrency_;
  OpenBatches batches_;
  OnSettled on_settled_;

  std::mutex mutex_;
  std::condition_variable_any all_settled_;
  uint64_t open_ = 0;  // batches

  std::unique_ptr<ThroughputControl> throughput_;
  std::unique_ptr<LaneSet> lanes_;  // last: its threads use the rest
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_CHANGE_SENDER_H_
