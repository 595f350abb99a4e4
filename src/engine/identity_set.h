// IdentitySet: the identities of one write: a small open-addressed table that is emptied for each
// write without touching its memory.
#ifndef SPILLWAY_ENGINE_IDENTITY_SET_H_
#define SPILLWAY_ENGINE_IDENTITY_SET_H_

#include <bit>
#include <cstdint>
#include <vector>

#include "base/hash.h"

namespace spillway {

class IdentitySet {
 public:
  explicit IdentitySet(uint32_t members_max)
      : slots_(std::bit_ceil(uint64_t{members_max} * 2 + 2)), mask_(slots_.size() - 1) {}

  void Clear() { ++generation_; }

  // False: it was there already. REQUIRES: fewer than members_max members.
  bool Insert(const Hash128& identity) {
    uint64_t at = identity.low & mask_;
    while (slots_[at].generation == generation_) {
      if (slots_[at].identity == identity) return false;
      at = (at + 1) & mask_;
    }
    slots_[at] = {generation_, identity};
    return true;
  }

 private:
  struct Slot {
    uint64_t generation = 0;  // empty unless it is the set's
    Hash128 identity;
  };
  std::vector<Slot> slots_;
  const uint64_t mask_;
  uint64_t generation_ = 1;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_IDENTITY_SET_H_
