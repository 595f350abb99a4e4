// Comparison: a version of the table, as the mapping has it, against all documents of the
// destination, in bounded memory: both sides are reduced to (identity, hash of the canonical JSON),
// sorted by identity and merged. Canonical JSON: docs/contract.md, I1.
#ifndef SPILLWAY_VERIFY_COMPARISON_H_
#define SPILLWAY_VERIFY_COMPARISON_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/load_run.h"
#include "engine/verify_side.h"
#include "verify/read_pace.h"
#include "verify/verify_crew.h"

namespace spillway {

enum class DifferenceKind : uint8_t { kMissing, kExtra, kDifferent };

// One document that is not as its row says. Fixed in size, so that any number can be kept.
struct Mismatch {
  Hash128 identity;
  Hash128 expected;        // canonical content by the row; {} of kExtra
  Hash128 found;           // the same as the destination has it; {} of kMissing
  uint64_t row_place = 0;  // in the snapshot: of kMissing and kDifferent
  uint64_t key_place = 0;  // in keys(): of kExtra and kDifferent
  DifferenceKind kind = DifferenceKind::kMissing;
};

struct ComparisonCounts {
  uint64_t source_documents = 0;  // rows that the mapping turns into documents
  uint64_t destination_documents = 0;
  uint64_t equal = 0;
  uint64_t missing = 0;
  uint64_t extra = 0;
  uint64_t different = 0;
  uint64_t soft_deleted = 0;   // documents without a row that are marked so, as they should be
  uint64_t duplicates = 0;     // source rows that share the identity of a later one, which counts
  uint64_t rejected = 0;       // source rows that the mapping rejects
  uint64_t rejected_kept = 0;  // documents whose row is now rejected: left as they were, and listed
                               // as rejected
  double cost = 0;             // of reading all documents of the destination
};

// What reading all documents of the destination will cost, judged by the first pages of some of its
// parts and by how many documents there should be.
struct ReadEstimate {
  double cost = 0;  // 0: not known, or it costs nothing
  uint64_t documents = 0;
  double bytes = 0;
};

struct ComparisonOptions {
  std::string pipeline;
  std::string spill_prefix;
  uint64_t memory_bytes_max = 256ull << 20;  // the knob; each side takes a share of it
  std::vector<std::string> ignored_fields;   // top level: the system's own and the stamp
  VerifyCrew* crew = nullptr;                // reads both sides in place of this process
};

// Of a pipeline's late columns those that this version of the table has.
std::vector<std::string> KnownLateColumns(const std::vector<std::string>& late_columns,
                                          const Snapshot& snapshot);

// Used by one thread; it reads with several.
class Comparison {
 public:
  // All outlive the comparison; `documents` without late columns; `pace` may be null.
  Comparison(const LoadParts& parts, const DocumentOptions& documents,
             const ComparisonOptions& options, ReadPace* pace, RunStop& stop);

  // Opens the version; reads nothing of it yet. `late_columns`: the pipeline's; those that this
  // version has count.
  Status Open(const VersionSelector& at, const std::vector<std::string>& late_columns);
  // Reads the first pages of the destination, which count as read. `documents`: how many it should
  // hold. REQUIRES: Open.
  Result<ReadEstimate> Estimate(uint64_t documents);
  // Reads both sides; a crew is told how many `documents` the destination should hold.
  // `on_progress` may be empty: documents read so far, of both.
  Status Read(uint64_t documents, const std::function<void(uint64_t)>& on_progress);
  // Merges them: calls for every mismatch, in order of identity. REQUIRES: Read.
  Status Merge(const std::function<Status(const Mismatch&)>& on_mismatch);

  // REQUIRES: Open.
  const Snapshot& snapshot() const { return *snapshot_; }
  const DocumentEncoder& encoder() const { return *encoder_; }
  const std::vector<std::string>& late_columns() const { return late_columns_; }
  Budget& reading() { return reading_; }
  const std::string& pipeline() const { return options_.pipeline; }
  // REQUIRES: Read.
  const KeyFile& keys() const { return *keys_; }
  const ComparisonCounts& counts() const { return counts_; }

 private:
  Status OpenDestination();
  Status ReadSource(const std::function<void()>& on_tick);
  Status ReadDestination(const std::function<void()>& on_tick);
  Status ReadByCrew(uint64_t documents, const std::function<void()>& on_tick);
  Status Take(VerifyOutcome outcome);
  Status Judge(const VerifyRecord* ours, const VerifyRecord* theirs,
               const std::function<Status(const Mismatch&)>& on_mismatch);

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const ComparisonOptions options_;
  ReadPace* const pace_;
  RunStop& stop_;
  const CallContext ctx_;
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<DocumentEncoder> encoder_;
  std::vector<std::string> late_columns_;
  std::unique_ptr<KeyFile> keys_;
  Budget reading_;
  std::vector<std::unique_ptr<DocumentReader>> readers_;
  std::vector<PacedReader> paced_;  // one for each
  VerifySide source_;
  VerifySide destination_;
  std::atomic<uint64_t> rejected_{0};
  ComparisonCounts counts_;
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_COMPARISON_H_
