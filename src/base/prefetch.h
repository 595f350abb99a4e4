// Prefetch: asks for memory ahead of its use. Ask for many places in a row and use them afterwards:
// then the waits overlap, also those for the translation of addresses, which is what takes longest
// when the places lie far apart.
#ifndef SPILLWAY_BASE_PREFETCH_H_
#define SPILLWAY_BASE_PREFETCH_H_

#include <cstddef>

namespace spillway {

inline constexpr size_t kCacheLineBytes = 64;

// Any address will do, a null one too.
inline void Prefetch(const void* address) {
  __builtin_prefetch(address);
  // GCC 12 takes a function that only prefetches for one without effect, and removes its calls.
  asm volatile("");
}

// All lines of an object.
template <typename T>
void PrefetchObject(const T& object) {
  const char* const begin = reinterpret_cast<const char*>(&object);
  for (size_t at = 0; at < sizeof(T); at += kCacheLineBytes) Prefetch(begin + at);
  Prefetch(begin + sizeof(T) - 1);
}

}  // namespace spillway

#endif  // SPILLWAY_BASE_PREFETCH_H_
