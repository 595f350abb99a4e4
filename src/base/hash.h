// Hash128 and the MurmurHash3 family (public domain, Austin Appleby). The Cosmos DB partition hash
// is built on the x86-32 and x64-128 variants with seed 0; identity and row hashes use x64-128.
#ifndef SPILLWAY_BASE_HASH_H_
#define SPILLWAY_BASE_HASH_H_

#include <compare>
#include <cstdint>
#include <string_view>

namespace spillway {

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const Hash128&) const = default;
};

// h1 is `high`, h2 is `low`.
Hash128 Murmur3x64_128(std::string_view bytes, uint64_t seed = 0);
uint32_t Murmur3x86_32(std::string_view bytes, uint32_t seed = 0);

}  // namespace spillway

#endif  // SPILLWAY_BASE_HASH_H_
