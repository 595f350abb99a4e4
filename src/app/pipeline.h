// Pipeline: a configured pipeline put to work. Opens source, destination and state through the list
// of connectors, runs the engine, and answers with plain values: what the CLI prints, a daemon or a
// library can use. Blocking calls; each takes a context to stop it.
#ifndef SPILLWAY_APP_PIPELINE_H_
#define SPILLWAY_APP_PIPELINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/project.h"
#include "base/call_context.h"
#include "base/result.h"
#include "connector/destination.h"
#include "connector/source.h"
#include "engine/load_run.h"
#include "state/state_store.h"
#include "throughput/throughput_limit.h"

namespace spillway {

// Both ends, opened. Opening fetches secrets and checks options; no request is made.
struct OpenedPipeline {
  const PipelineConfig* config = nullptr;
  std::unique_ptr<Source> source;
  std::unique_ptr<Destination> destination;
};

Result<OpenedPipeline> OpenPipeline(const Project& project, const PipelineConfig& pipeline);
// Opens or creates the project's store.
Result<std::unique_ptr<StateStore>> OpenState(const Project& project);
// The same, nullptr when nothing was ever run: looking must leave nothing behind.
Result<std::unique_ptr<StateStore>> OpenStateIfThere(const Project& project);

// Tries what opening a state beside the data will need, without writing. OK for a local one.
Status CheckState(const Project& project, const CallContext& ctx);

// What the state says of the destination, as text to be compared: RunOptions::target.
std::string TargetOf(const Project& project, const PipelineConfig& pipeline);

// The table of a pipeline's source, of `connection/table`, or at a path or URL.
Result<TableInfo> InspectTable(const Project* project, const std::string& target,
                               const VersionSelector& at, const CallContext& ctx);

// Tries what a run will need without writing: the table with the mapping over it, the destination.
Status CheckPipeline(const Project& project, const PipelineConfig& pipeline,
                     const CallContext& ctx);

// The answer of a destination to a query in its own language; `target` is a pipeline or
// CONNECTION/CONTAINER.
Result<std::unique_ptr<QueryRows>> QueryTarget(const Project& project, const std::string& target,
                                               const std::string& sql);

// The limit that was set for a pipeline beside its configuration; nullopt: none.
Result<std::optional<ThroughputLimit>> LimitSetFor(StateStore& state, std::string_view pipeline);

// Where a pipeline stands.
struct PipelineState {
  std::string name;
  std::optional<Checkpoint> checkpoint;
  std::optional<RunRecord> last_run;
  uint64_t rejected = 0;
  bool to_restore = false;  // a load has set the destination, and it is not set back
};

// Reads the state alone.
Result<std::vector<PipelineState>> ProjectState(const Project& project);

}  // namespace spillway

#endif  // SPILLWAY_APP_PIPELINE_H_
