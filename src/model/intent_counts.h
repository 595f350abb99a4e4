// IntentCounts: the fate of every intent (docs/contract.md, I4). There is no fix-up: a run whose
// counts do not add up has a bug, and says so.
#ifndef SPILLWAY_MODEL_INTENT_COUNTS_H_
#define SPILLWAY_MODEL_INTENT_COUNTS_H_

#include <algorithm>
#include <cstdint>

namespace spillway {

struct IntentCounts {
  uint64_t read = 0;
  uint64_t upserted = 0;
  // Of the upserted: what the destination told of them. The rest is one of the two.
  uint64_t inserted = 0;
  uint64_t replaced = 0;
  uint64_t deleted = 0;
  uint64_t delete_found_nothing = 0;
  uint64_t unchanged = 0;
  uint64_t superseded = 0;
  uint64_t filtered = 0;  // by the row filter, or suppressed by the mode
  uint64_t rejected = 0;

  uint64_t settled() const {
    return upserted + deleted + delete_found_nothing + unchanged + superseded + filtered + rejected;
  }
  bool AddsUp() const { return read == settled() && inserted + replaced <= upserted; }

  // `count` of the upserted turn out to be superseded: by a later write, which replaced them.
  // REQUIRES: count <= upserted, and AddsUp.
  void Supersede(uint64_t count) {
    upserted -= count;
    superseded += count;
    replaced -= std::min(count, replaced);
    inserted = std::min(inserted, upserted - replaced);
  }

  IntentCounts& operator+=(const IntentCounts& other) {
    read += other.read;
    upserted += other.upserted;
    inserted += other.inserted;
    replaced += other.replaced;
    deleted += other.deleted;
    delete_found_nothing += other.delete_found_nothing;
    unchanged += other.unchanged;
    superseded += other.superseded;
    filtered += other.filtered;
    rejected += other.rejected;
    return *this;
  }
  bool operator==(const IntentCounts&) const = default;
};

}  // namespace spillway

#endif  // SPILLWAY_MODEL_INTENT_COUNTS_H_
