// CopyUnescaped: the inner loop of writing JSON strings: copies and looks for characters to escape
// at the same time, 16 bytes at a step. Inline, because most strings are short.
#ifndef SPILLWAY_JSON_COPY_UNESCAPED_H_
#define SPILLWAY_JSON_COPY_UNESCAPED_H_

#include <emmintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace spillway {
namespace escape_internal {

inline constexpr uint64_t kOnes = 0x0101010101010101ULL;
inline constexpr uint64_t kHighs = 0x8080808080808080ULL;

// High bit set in every byte that must be escaped; bytes after the first such one may be wrong.
inline uint64_t EscapeMask(uint64_t word) {
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  const uint64_t control = word - kOnes * 0x20;
  return ((quote - kOnes) & ~quote & kHighs) | ((backslash - kOnes) & ~backslash & kHighs) |
         (control & ~word & kHighs);
}

inline unsigned EscapeMask(__m128i block) {
  const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}

inline bool MustEscape(char c) {
  return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\';
}

// Fewer than eight bytes.
inline size_t CopyShort(const char* in, size_t size, char* out) {
  uint64_t word = kOnes * ' ';
  if (size >= 4) {
    uint32_t first, last;
    std::memcpy(&first, in, 4);
    std::memcpy(&last, in + size - 4, 4);
    word = first | static_cast<uint64_t>(last) << 32;
    if (EscapeMask(word) == 0) {
      std::memcpy(out, &first, 4);
      std::memcpy(out + size - 4, &last, 4);
      return size;
    }
  }
  size_t i = 0;
  for (; i < size && !MustEscape(in[i]); ++i) out[i] = in[i];
  return i;
}

// 8 to 16 bytes, as two words that overlap.
inline size_t CopyMedium(const char* in, size_t size, char* out) {
  uint64_t first, last;
  std::memcpy(&first, in, 8);
  std::memcpy(&last, in + size - 8, 8);
  if ((EscapeMask(first) | EscapeMask(last)) == 0) [[likely]] {
    std::memcpy(out, &first, 8);
    std::memcpy(out + size - 8, &last, 8);
    return size;
  }
  size_t i = 0;
  for (; !MustEscape(in[i]); ++i) out[i] = in[i];
  return i;
}

inline size_t CopyLong(const char* in, size_t size, char* out) {
  size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), block);
    if (const unsigned mask = EscapeMask(block); mask != 0) {
      return i + static_cast<size_t>(std::countr_zero(mask));
    }
  }
  if (i == size) return size;
  // The last block overlaps what is known to be clean and copied one to one.
  const size_t last = size - 16;
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + last));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + last), block);
  const unsigned mask = EscapeMask(block);
  return mask == 0 ? size : last + static_cast<size_t>(std::countr_zero(mask));
}

}  // namespace escape_internal

// Copies the bytes of `in` up to the first one that a JSON string must escape (a quote, a
// backslash, a control character) and returns how many they are. Neither reads past in + size nor
// writes past out + size. RFC 8259, section 7.
inline size_t CopyUnescaped(const char* in, size_t size, char* out) {
  if (size < 8) return escape_internal::CopyShort(in, size, out);
  if (size <= 16) return escape_internal::CopyMedium(in, size, out);
  return escape_internal::CopyLong(in, size, out);
}

}  // namespace spillway

#endif  // SPILLWAY_JSON_COPY_UNESCAPED_H_
