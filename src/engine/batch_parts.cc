#include "engine/batch_parts.h"

#include <iterator>
#include <utility>

#include "base/check.h"

namespace spillway {

BatchParts::BatchParts(uint32_t parts, uint64_t rows, Budget::Share place) : open_(parts) {
  whole_.rows = rows;
  whole_.place = std::move(place);
}

std::optional<BatchParts::Whole> BatchParts::Add(const IntentCounts& counts,
                                                 std::vector<RejectedRow> rejected) {
  std::lock_guard lock(mutex_);
  SPILLWAY_CHECK(open_ > 0);
  whole_.counts += counts;
  whole_.rejected.insert(whole_.rejected.end(), std::make_move_iterator(rejected.begin()),
                         std::make_move_iterator(rejected.end()));
  if (--open_ > 0) return std::nullopt;
  return std::move(whole_);
}

}  // namespace spillway
