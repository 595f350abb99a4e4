// Partition hash: from the values of a document's partition key to its effective partition key
// (EPK), the binary position that decides which partition key range of a container holds the
// document.
//
// The client routes with it and the local server stores by it: the one piece that both share,
// because its output is fixed by published vectors (the test holds them). Facts: the hashing
// sources and tests of the public Cosmos DB SDKs for JavaScript (src/utils/hashing), .NET
// (PartitionKeyInternal, PR 5260) and Rust (testdata/PartitionKeyHashBaselineTest).
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_HASH_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_HASH_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace spillway::cosmosdb {

// The partition key path is missing in the document: `{}` on the wire. Not the same as null.
struct UndefinedKey {
  bool operator==(const UndefinedKey&) const = default;
};
struct NullKey {
  bool operator==(const NullKey&) const = default;
};

// One value of a partition key. Strings are borrowed UTF-8. Numbers are hashed as given: -0.0 and
// 0.0 differ, so callers normalise -0.0 if the service would.
using KeyComponent = std::variant<UndefinedKey, NullKey, bool, double, std::string_view>;

// How a container's definition says to hash: kind Hash with version 1 (or none), Hash with version
// 2, and MultiHash (hierarchical keys, one hash per level).
enum class HashKind { kV1, kV2, kMultiHash };

// Binary EPKs and range bounds are byte strings in memory order; the wire shows them as upper-case
// hex. The empty string is the lowest bound and "\xFF" the highest.
inline constexpr std::string_view kEpkMin = "";
inline constexpr std::string_view kEpkMax = "\xFF";

// Appends the EPK of `key` to `out`. Fewer components than the container has paths give the prefix
// of a hierarchical key, whose documents lie in [EPK, EPK + FF); none give the empty EPK. Allocates
// only when `out` must grow: 16 bytes for V2, 16 per component for MultiHash, at most 111 for one
// V1 value.
void AppendEpk(HashKind kind, std::span<const KeyComponent> key, std::string* out);
std::string Epk(HashKind kind, std::span<const KeyComponent> key);

// Order of EPKs and range bounds: bytewise, with trailing zero bytes ignored, since the service
// writes the same bound of a hierarchical container with 32, 64 or 96 hex digits.
std::strong_ordering CompareEpk(std::string_view a, std::string_view b);

// Half-open: min <= epk < max.
bool EpkInRange(std::string_view epk, std::string_view min, std::string_view max);

std::string EpkToHex(std::string_view epk);
// Fails with kInvalidArgument on an odd length or a character that is not a hex digit.
Result<std::string> EpkFromHex(std::string_view hex);

// The range_count - 1 inner bounds that divide the space of `kind` evenly. V2 and MultiHash hashes
// have their top two bits cleared, so their space is 2^126 wide; V1 bounds are encoded 32-bit
// hashes. REQUIRES: range_count >= 1.
std::vector<std::string> EvenEpkBounds(HashKind kind, uint32_t range_count);

// The bound that halves the range [min, max), as a split of it does; nullopt when it is too narrow.
// REQUIRES: the bounds are kEpkMin, kEpkMax, or came from EvenEpkBounds or EpkMidpoint of this
// kind.
std::optional<std::string> EpkMidpoint(HashKind kind, std::string_view min, std::string_view max);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_HASH_H_
