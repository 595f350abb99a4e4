// WriteSession: rows that a program hands over, batch by batch, brought to a destination: encoded,
// routed to lanes, delivered with the same retries and the same throughput control as a load. It
// keeps no state and no checkpoint: who hands over the rows (a Spark task) starts again with all of
// them when the session fails, which is safe, since a row that is written twice is written the
// same.
//
// Rows of one key keep their order. Two rows of one key are both written, and the later one stays.
#ifndef SPILLWAY_ENGINE_WRITE_SESSION_H_
#define SPILLWAY_ENGINE_WRITE_SESSION_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/lane.h"
#include "engine/live_progress.h"
#include "engine/run_options.h"
#include "engine/write_permit.h"
#include "transforms/document_encoder.h"

namespace spillway {

struct SessionOptions {
  WriteMode mode = WriteMode::kMirror;
  RejectedBudget max_rejected;
  // The session writes a part of something larger: a share of rejected rows is judged while there
  // are many rows, but not at the end.
  bool part_of_more = false;
  // Nothing is sent before, or without, what Permit says.
  bool needs_permit = false;
  // Of the limit, only what LendShare says may be spent.
  bool lent_share = false;
  uint32_t rejected_listed_max = 100;        // rows; the others are counted alone
  uint64_t memory_bytes_max = 64ull << 20;   // of encoded documents on their way
  uint32_t lanes_max = 16;                   // a thread and a connection each
  std::chrono::milliseconds settle{15'000};  // I3: a request lands within this time or never
  std::chrono::milliseconds row_failing_max{600'000};
  ThroughputOptions throughput{};
};

// All outlive the session.
struct SessionParts {
  Destination& destination;
  Clock& clock;
};

// A row that was refused; `row` counts from the session's first.
struct RejectedInSession {
  uint64_t row = 0;
  std::string key;
  std::string reason;
  std::string message;
};

// What became of the rows so far. Of a session that failed, of those that are settled.
struct SessionSummary {
  IntentCounts counts;
  double cost = 0;  // in the destination's unit
  uint64_t requests = 0;
  uint64_t throttled_requests = 0;
  uint64_t bytes_sent = 0;
  // Documents whose last write may still land (I3): only of a session that failed or was stopped.
  uint64_t unsure = 0;
  std::map<std::string, uint64_t> rejected_by_reason;
  std::vector<RejectedInSession> rejected;  // at most rejected_listed_max
};

// Used by one thread, but for what is thread-safe. No thread of the session lives longer than
// Finish or the destructor.
class WriteSession {
 public:
  // Prepares the destination, plans the lanes and starts them. `schema`: of the rows, a struct.
  // A stop requested in `ctx` ends the session, whatever it does, with kCancelled. Errors: of the
  // destination; kInvalidArgument where the rows cannot become documents.
  static Result<std::unique_ptr<WriteSession>> Open(const SessionParts& parts,
                                                    const DocumentOptions& documents,
                                                    std::shared_ptr<const OwnedSchema> schema,
                                                    const SessionOptions& options,
                                                    const CallContext& ctx);
  // A session that is not finished is given up: what is under way is let end for a few seconds.
  ~WriteSession();

  // Encodes the rows and hands them to the lanes; blocks while memory_bytes_max is under way, so a
  // slow destination holds the caller back. The rows' memory is released before it returns. An
  // error is what ended the session, and the same at every later call.
  Status Write(OwnedArray rows);

  // Returns when every row has its fate. kRejectedOverBudget: too many were rejected; whatever it
  // returns, summary() says what became of the rows. No Write after it.
  Status Finish();

  // Thread-safe.
  SessionSummary summary() const;
  // Thread-safe. Of a session that needs permits: as WritePermit::Extend.
  void Permit(SteadyTime steady, WallTime wall) { permit_.Extend(steady, wall); }
  // Thread-safe. Of a session whose share is lent: as LentShare::Set.
  void LendShare(double part, SteadyTime until, const std::optional<ThroughputLimit>& limit) {
    share_.Set(part, until, limit);
  }
  // Thread-safe.
  LiveProgress progress() { return LiveProgressOf(meter_, share_); }

 private:
  WriteSession(const SessionParts& parts, std::shared_ptr<const OwnedSchema> schema,
               const SessionOptions& options, const CallContext& ctx);
  Status Start(const DocumentOptions& documents);
  Status WritePart(const ArrowArray& rows, int64_t begin, int64_t end);
  Status Admit(std::shared_ptr<EncodedBatch> encoded);
  Status OnSettled(BatchInFlight& batch);
  void ListRejected(BatchInFlight& batch);
  void WaitUntilEnded();
  Status Ended() const;

  const SessionParts parts_;
  const std::shared_ptr<const OwnedSchema> schema_;
  const SessionOptions options_;
  std::unique_ptr<DocumentEncoder> encoder_;
  uint64_t rows_ = 0;     // handed over so far
  int64_t rows_in_part_;  // that are encoded at a time
  bool finished_ = false;

  mutable std::mutex mutex_;
  SessionSummary settled_;

  RunStop stop_;
  WritePermit permit_;
  LentShare share_;
  RunMeter meter_;
  RejectedGuard rejected_;
  Budget memory_;
  ConcurrencyLimit concurrency_;
  OpenBatches batches_;
  std::unique_ptr<ThroughputControl> throughput_;
  std::unique_ptr<LaneSet> lanes_;  // last: its threads use the rest
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_WRITE_SESSION_H_
