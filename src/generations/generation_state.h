// Which state belongs to which generation. A pipeline's own name has the state of the container
// that the pointer names; every other generation's is kept under a name of its own, so that it is
// there when the pointer comes to it (a switch), or comes back to it.
#ifndef SPILLWAY_GENERATIONS_GENERATION_STATE_H_
#define SPILLWAY_GENERATIONS_GENERATION_STATE_H_

#include <string>
#include <string_view>

#include "state/state_store.h"

namespace spillway {

// "products@products-v3": no pipeline's name has an @.
std::string GenerationStateName(std::string_view pipeline, std::string_view container);

// Whether the state under `name` is about `container`.
Result<bool> StateIsAbout(StateStore& state, std::string_view name, std::string_view container);

enum class Alignment : uint8_t { kAligned, kMoved, kUnknown };

// Makes the state of `container`, which the pointer names, the pipeline's own; what that was before
// is kept under its own name. Idempotent: cut off anywhere, it is done by the next call. kUnknown:
// the state does not know the container, and nothing was changed. REQUIRES: the caller holds the
// pipeline's lease.
Result<Alignment> AlignState(StateStore& state, std::string_view pipeline,
                             std::string_view container);

}  // namespace spillway

#endif  // SPILLWAY_GENERATIONS_GENERATION_STATE_H_
