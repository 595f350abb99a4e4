// RunFramed: what stands around every run that writes: the pipeline's lease, kept until the run has
// ended, and its entry in the history, closed with how it ended.
#ifndef SPILLWAY_ENGINE_RUN_FRAME_H_
#define SPILLWAY_ENGINE_RUN_FRAME_H_

#include <chrono>
#include <memory>
#include <string_view>
#include <type_traits>

#include "base/call_context.h"
#include "engine/lease_keeper.h"
#include "engine/run_journal.h"
#include "engine/run_stop.h"

namespace spillway {

struct RunFrame {
  std::string_view pipeline;
  std::string_view kind;  // as RunRecord::kind
  std::chrono::milliseconds lease;
};

// Returns what `run` returns: Result<Summary>(RunStop&, const LeaseKeeper&, RunJournal&). kLocked
// when another runner has the pipeline; what the history could not store, when the run was well.
template <typename Run>
std::invoke_result_t<const Run&, RunStop&, const LeaseKeeper&, RunJournal&> RunFramed(
    StateStore& state, Clock& clock, const RunFrame& frame, const CallContext& ctx,
    const Run& run) {
  RunStop stop(ctx.stop);
  ASSIGN_OR_RETURN(const std::unique_ptr<LeaseKeeper> lease,
                   LeaseKeeper::Acquire(state, clock, frame.pipeline, frame.lease, stop));
  ASSIGN_OR_RETURN(RunJournal journal, RunJournal::Start(state, clock, frame.pipeline, frame.kind));
  return journal.Close(run(stop, *lease, journal));
}

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_RUN_FRAME_H_
