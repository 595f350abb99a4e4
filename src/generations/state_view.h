// A view of a state in which a pipeline's checkpoint, progress, rejected rows and tuning are those
// of one generation that is being built; its runs, its limit and its lease are the pipeline's own.
// So a load beside the live container uses the same engine, and leaves the live one's state alone.
#ifndef SPILLWAY_GENERATIONS_STATE_VIEW_H_
#define SPILLWAY_GENERATIONS_STATE_VIEW_H_

#include <memory>
#include <string>

#include "state/state_store.h"

namespace spillway {

// Thread-safe as `state` is, which outlives it. A lease of `pipeline` is one of both names.
std::unique_ptr<StateStore> MakeStateView(StateStore& state, std::string pipeline,
                                          std::string kept_under);

}  // namespace spillway

#endif  // SPILLWAY_GENERATIONS_STATE_VIEW_H_
