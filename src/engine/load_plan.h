// LoadPlan: what a run has to do, decided before anything is written: begin a load, go on with one,
// or nothing because the table is loaded. A load stays at the version it began with, until it is
// done.
#ifndef SPILLWAY_ENGINE_LOAD_PLAN_H_
#define SPILLWAY_ENGINE_LOAD_PLAN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/load_run.h"
#include "transforms/document_encoder.h"

namespace spillway {

enum class LoadStart : uint8_t { kFresh, kResumed, kAlreadyLoaded };

struct LoadPlan {
  LoadStart start = LoadStart::kFresh;
  std::unique_ptr<Snapshot> snapshot;
  std::unique_ptr<DocumentEncoder> encoder;
  Checkpoint checkpoint;                // as StartLoad takes it, or as it was stored
  std::vector<SplitProgress> progress;  // of kResumed
  std::optional<int64_t> latest_version;
  bool replaces_a_load = false;  // kFresh although something was loaded before
};

// Reads state and source; writes nothing.
Result<LoadPlan> PlanLoad(const LoadParts& parts, const DocumentOptions& documents,
                          const LoadOptions& options, const CallContext& ctx);

// Changes whenever a row could become another document or go elsewhere.
std::string MappingHash(const DocumentOptions& documents, WriteMode mode,
                        const std::string& target);

// Where a load of this snapshot begins.
Checkpoint CheckpointOf(const Snapshot& snapshot, std::string mapping_hash);

// As it is stored. kInvalidArgument: the table of this pipeline is not loaded yet.
Result<Checkpoint> LoadedCheckpoint(StateStore& state, std::string_view pipeline);

// A snapshot as the mapping needs it: its columns, its filter, batches of about
// `batch_bytes_target`.
Result<std::unique_ptr<Snapshot>> OpenMapped(Source& source, const DocumentOptions& documents,
                                             const VersionSelector& at, uint64_t batch_bytes_target,
                                             const CallContext& ctx);

// Batches of about this size keep a run inside the knob: see docs/architecture.md, "Memory".
uint64_t BatchBytesTarget(uint64_t memory_bytes_max);
// For what readers hold besides their batches: wide rows leave room for fewer readers, never for
// less than one.
uint64_t ReadingBytesMax(uint64_t memory_bytes_max);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_LOAD_PLAN_H_
