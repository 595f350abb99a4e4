#include "sketches/heavy_hitters.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace spillway {
namespace {

// Of the slots that are used, at most: probes stay short.
constexpr size_t kSlotsPerKey = 2;

}  // namespace

HeavyHitters::HeavyHitters(uint32_t keys, uint32_t name_bytes_max)
    : capacity_(size_t{keys} * 2),
      name_bytes_max_(name_bytes_max),
      slots_(std::bit_ceil(capacity_ * kSlotsPerKey)) {
  SPILLWAY_CHECK(keys >= 1);
}

size_t HeavyHitters::Slot(Hash128 key) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = key.low & mask;
  while (slots_[slot] != 0 && entries_[slots_[slot] - 1].key != key) slot = (slot + 1) & mask;
  return slot;
}

void HeavyHitters::Add(Hash128 key, std::string_view name, double weight, double side) {
  total_ += weight;
  size_t slot = Slot(key);
  if (slots_[slot] == 0) {
    if (entries_.size() == capacity_) {
      Clean();
      slot = Slot(key);
    }
    entries_.push_back({key, std::string(name.substr(0, name_bytes_max_)), 0, 0});
    slots_[slot] = static_cast<uint32_t>(entries_.size());
  }
  HeavyKey& entry = entries_[slots_[slot] - 1];
  entry.weight += weight;
  entry.side += side;
}

// Half of the keys go, each with a weight up to the median, and as many lose the median: the error
// grows by the median while the kept weight shrinks by at least `keys` medians.
void HeavyHitters::Clean() {
  weights_.clear();
  for (const HeavyKey& entry : entries_) weights_.push_back(entry.weight);
  const auto middle = weights_.begin() + static_cast<std::ptrdiff_t>(weights_.size() / 2);
  std::nth_element(weights_.begin(), middle, weights_.end());
  const double median = *middle;
  error_ += median;
  std::erase_if(entries_, [median](HeavyKey& entry) { return (entry.weight -= median) <= 0; });
  std::fill(slots_.begin(), slots_.end(), 0);
  for (size_t i = 0; i < entries_.size(); ++i) {
    slots_[Slot(entries_[i].key)] = static_cast<uint32_t>(i + 1);
  }
}

std::vector<HeavyKey> HeavyHitters::Heaviest(size_t count) const {
  std::vector<HeavyKey> found = entries_;
  count = std::min(count, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                    [](const HeavyKey& a, const HeavyKey& b) {
                      return a.weight != b.weight ? a.weight > b.weight : a.name < b.name;
                    });
  found.resize(count);
  return found;
}

}  // namespace spillway
