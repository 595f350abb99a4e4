#include "base/hash.h"

#include <bit>

#include "base/load_bytes.h"

namespace spillway {
namespace {

uint64_t FinalMix(uint64_t k) {
  k ^= k >> 33;
  k *= 0xff51afd7ed558ccdULL;
  k ^= k >> 33;
  k *= 0xc4ceb9fe1a85ec53ULL;
  k ^= k >> 33;
  return k;
}

constexpr uint64_t kC1 = 0x87c37b91114253d5ULL;
constexpr uint64_t kC2 = 0x4cf5ad432745937fULL;

uint64_t MixK1(uint64_t k) {
  return std::rotl(k * kC1, 31) * kC2;
}
uint64_t MixK2(uint64_t k) {
  return std::rotl(k * kC2, 33) * kC1;
}

}  // namespace

Hash128 Murmur3x64_128(std::string_view bytes, uint64_t seed) {
  uint64_t h1 = seed;
  uint64_t h2 = seed;
  const char* at = bytes.data();
  const size_t blocks = bytes.size() / 16;
  for (size_t i = 0; i < blocks; ++i, at += 16) {
    h1 ^= MixK1(LoadAs<uint64_t>(at));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= MixK2(LoadAs<uint64_t>(at + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  const size_t rest = bytes.size() % 16;
  if (rest > 8) h2 ^= MixK2(LoadUpToEight(at + 8, rest - 8));
  if (rest > 0) h1 ^= MixK1(LoadUpToEight(at, rest > 8 ? 8 : rest));
  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = FinalMix(h1);
  h2 = FinalMix(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

uint32_t Murmur3x86_32(std::string_view bytes, uint32_t seed) {
  constexpr uint32_t kA = 0xcc9e2d51;
  constexpr uint32_t kB = 0x1b873593;
  const auto mix = [](uint32_t k) { return std::rotl(k * kA, 15) * kB; };
  uint32_t h = seed;
  const char* at = bytes.data();
  for (size_t i = 0; i < bytes.size() / 4; ++i, at += 4) {
    h = std::rotl(h ^ mix(LoadAs<uint32_t>(at)), 13) * 5 + 0xe6546b64;
  }
  const size_t rest = bytes.size() % 4;
  if (rest > 0) h ^= mix(static_cast<uint32_t>(LoadUpToEight(at, rest)));
  h ^= static_cast<uint32_t>(bytes.size());
  h ^= h >> 16;
  h *= 0x85ebca6b;
  h ^= h >> 13;
  h *= 0xc2b2ae35;
  h ^= h >> 16;
  return h;
}

}  // namespace spillway
