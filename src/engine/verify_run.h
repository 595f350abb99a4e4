// VerifyRun: proves that the destination equals the mapped source at a version, document by
// document, in bounded memory: both sides are reduced to (identity, hash of the canonical JSON),
// spilled by identity, and compared part by part. Canonical JSON: design I1.
#ifndef SPILLWAY_ENGINE_VERIFY_RUN_H_
#define SPILLWAY_ENGINE_VERIFY_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/load_run.h"

namespace spillway {

enum class DifferenceKind : uint8_t { kMissing, kExtra, kDifferent };

struct Difference {
  DifferenceKind kind = DifferenceKind::kMissing;
  std::string partition_key;  // JSON array
  std::string id;
  std::vector<std::string> fields;  // of kDifferent: paths that differ, at most 16
};

struct VerifyOptions {
  std::string pipeline;
  uint64_t memory_bytes_max = 256ull << 20;
  uint32_t differences_max = 100;           // listed; all are counted
  std::vector<std::string> ignored_fields;  // top level: the system's own and the stamp
  std::string spill_folder;
  VersionSelector at;  // default: the checkpoint's version
};

struct VerifySummary {
  int64_t version = 0;
  uint64_t source_documents = 0;  // rows that the mapping turns into documents
  uint64_t destination_documents = 0;
  uint64_t equal = 0;
  uint64_t missing = 0;
  uint64_t extra = 0;
  uint64_t different = 0;
  uint64_t soft_deleted = 0;  // documents without a row that are marked as such, as they should be
  uint64_t duplicates = 0;  // source rows that share the identity of a later one, which is compared
  uint64_t rejected = 0;    // source rows that the mapping rejects: not expected there
  std::vector<Difference> differences;
  double cost = 0;  // of reading all documents of the destination
  bool matches() const { return missing + extra + different == 0; }
};

// OK also when they differ: see matches().
Result<VerifySummary> RunVerify(const LoadParts& parts, const DocumentOptions& documents,
                                const VerifyOptions& options,
                                const std::function<void(uint64_t documents_done)>& on_progress,
                                const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_VERIFY_RUN_H_
