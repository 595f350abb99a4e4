// Short runs of bytes as one number, without a loop over them. Inline: for the innermost loops of
// hashes.
#ifndef SPILLWAY_BASE_LOAD_BYTES_H_
#define SPILLWAY_BASE_LOAD_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace spillway {

template <typename T>
T LoadAs(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// At most eight bytes, little-endian: what lies behind them is not read and counts as zeros.
inline uint64_t LoadUpToEight(const char* at, size_t size) {
  if (size == 8) return LoadAs<uint64_t>(at);
  if (size >= 4) {
    // Two words that overlap in bytes that are the same.
    return LoadAs<uint32_t>(at) | uint64_t{LoadAs<uint32_t>(at + size - 4)} << (8 * (size - 4));
  }
  if (size == 0) return 0;
  const auto byte = [at](size_t i) { return uint64_t{LoadAs<uint8_t>(at + i)} << (8 * i); };
  return byte(0) | byte(size / 2) | byte(size - 1);
}

}  // namespace spillway

#endif  // SPILLWAY_BASE_LOAD_BYTES_H_
