// Partition key texts: the JSON array form that documents carry ("[\"a\",5]"), its values, its
// position among the ranges of a container, and its form in headers.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_KEY_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_KEY_H_

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "destinations/cosmosdb/partition_hash.h"

namespace spillway::cosmosdb {

inline constexpr size_t kPartitionKeyLevelsMax = 3;

// The values of one key. Strings are borrowed from the text, or from `unescaped` when they had
// escapes, so neither may change while the values are used. Not copied: `components` points into
// it.
class PartitionKeyValues {
 public:
  PartitionKeyValues() = default;
  PartitionKeyValues(const PartitionKeyValues&) = delete;
  PartitionKeyValues& operator=(const PartitionKeyValues&) = delete;

  // Replaces the values by those of `json`. kInvalidArgument: not an array of strings, numbers,
  // booleans, nulls and {} (an absent value); or more than three of them. -0 becomes 0.
  Status Parse(std::string_view json);
  std::span<const KeyComponent> components() const { return {components_.data(), count_}; }

 private:
  std::array<KeyComponent, kPartitionKeyLevelsMax> components_;
  std::array<std::string, kPartitionKeyLevelsMax> unescaped_;
  size_t count_ = 0;
};

// Replaces `epk` by the effective partition key of the text. Fails as Parse does.
Status EpkOfText(HashKind kind, std::string_view json, std::string* epk);

// The first 16 bytes as a number, zeros behind a shorter one: order is kept.
Hash128 RouteOfEpk(std::string_view epk);
inline constexpr size_t kRouteBytes = 16;
// All 16 bytes of a route.
std::array<char, kRouteBytes> EpkOfRoute(Hash128 route);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_KEY_H_
