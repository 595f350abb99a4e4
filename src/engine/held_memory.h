// HeldMemory: what a reader of the source holds besides its batches, out of a budget.
#ifndef SPILLWAY_ENGINE_HELD_MEMORY_H_
#define SPILLWAY_ENGINE_HELD_MEMORY_H_

#include <cstdint>
#include <stop_token>

#include "base/memory.h"
#include "engine/budget.h"

namespace spillway {

// Declared before the reader, so that it outlives it: what the reader had goes back to the system
// before another one may have as much. Used by one thread.
class HeldMemory {
 public:
  HeldMemory() = default;
  HeldMemory(const HeldMemory&) = delete;
  HeldMemory& operator=(const HeldMemory&) = delete;
  ~HeldMemory() {
    if (share_.amount() >= kReturnBytesMin) ReturnFreeMemory();
  }

  // Blocks until there is room, as Budget::Take.
  Status Take(Budget& budget, uint64_t bytes, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(share_, budget.Take(bytes, stop));
    return Status::Ok();
  }

 private:
  static constexpr uint64_t kReturnBytesMin = 16 << 20;  // less is not worth the time
  Budget::Share share_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_HELD_MEMORY_H_
