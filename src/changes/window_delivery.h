// WindowDelivery: writes one window of changes and settles it, with progress on the way that a
// later run can go on from. New documents are written before old ones are deleted, so that a crash
// in the middle of a moved key leaves a document too many, which the next run takes away, and never
// a hole.
#ifndef SPILLWAY_CHANGES_WINDOW_DELIVERY_H_
#define SPILLWAY_CHANGES_WINDOW_DELIVERY_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "changes/change_sender.h"
#include "changes/change_window.h"
#include "engine/acknowledger.h"

namespace spillway {

struct WindowDeliveryOptions {
  std::string pipeline;
  int64_t run_id = 0;
  Checkpoint checkpoint;                // with begun_through set when something is sent
  std::vector<SplitProgress> progress;  // of this very window, by an earlier run
};

// Send: one thread. The others: thread-safe.
class WindowDelivery {
 public:
  // Writes of the window that no earlier run has settled, so that its counts do not know them yet.
  static uint64_t WritesLeft(const ChangeWindow& window,
                             const std::vector<SplitProgress>& progress);

  WindowDelivery(const ChangeWindow& window, StateStore& state, Clock& clock,
                 WindowDeliveryOptions options);

  // Returns when everything has its fate, or the run is stopped, with the cause. REQUIRES: a sender
  // when the window writes anything.
  Status Send(ChangeSender* sender);
  // Stores what is settled: now and then while it is sent, and when it was cut off.
  Status Commit() { return acknowledger_.Commit(); }
  // The window is done. REQUIRES: Send returned OK.
  Status CommitWindow();

  IntentCounts run_counts() const { return acknowledger_.run_counts(); }
  // Behind the window, once CommitWindow returned OK.
  Checkpoint checkpoint() const;

 private:
  enum List : uint32_t { kUpserts = 0, kRemoves = 1 };
  AcknowledgerOptions Options(WindowDeliveryOptions options);
  const RecordLog<ImageRecord>& Records(List list) const;
  Status SendList(ChangeSender* sender, List list, Intent intent);
  Status Locate(uint32_t list, uint64_t index, RejectedRecord& record) const;
  std::vector<RejectedRecord> RefusedRecords() const;

  const ChangeWindow& window_;
  Clock& clock_;
  const std::string pipeline_;
  const int64_t run_id_;
  Checkpoint done_;                      // where the window ends
  std::vector<SplitProgress> progress_;  // at the start
  const std::array<Split, 2> lists_;     // as what the acknowledger counts
  Acknowledger acknowledger_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_WINDOW_DELIVERY_H_
