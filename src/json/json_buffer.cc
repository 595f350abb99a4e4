#include "json/json_buffer.h"

#include <algorithm>

namespace spillway {
namespace {

constexpr size_t kStepBytes = 64 << 10;

constexpr uint64_t kOnes = 0x0101010101010101ULL;
constexpr uint64_t kHighs = 0x8080808080808080ULL;

// High bit set in every byte that must be escaped; bytes after the first such one may be wrong.
uint64_t EscapeMask(uint64_t word) {
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  const uint64_t control = word - kOnes * 0x20;
  return ((quote - kOnes) & ~quote & kHighs) | ((backslash - kOnes) & ~backslash & kHighs) |
         (control & ~word & kHighs);
}

unsigned EscapeMask(__m128i block) {
  const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}

bool MustEscape(char c) {
  return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\';
}

// Fewer than eight bytes.
size_t CopyShort(const char* in, size_t size, char* out) {
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
size_t CopyMedium(const char* in, size_t size, char* out) {
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

size_t CopyLong(const char* in, size_t size, char* out) {
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

char* PutEscape(char c, char* out) {
  *out++ = '\\';
  switch (c) {
    case '"':
      *out++ = '"';
      return out;
    case '\\':
      *out++ = '\\';
      return out;
    case '\b':
      *out++ = 'b';
      return out;
    case '\f':
      *out++ = 'f';
      return out;
    case '\n':
      *out++ = 'n';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    case '\t':
      *out++ = 't';
      return out;
    default:
      break;
  }
  constexpr char kHex[] = "0123456789abcdef";
  std::memcpy(out, "u00", 3);
  out[3] = kHex[static_cast<uint8_t>(c) >> 4];
  out[4] = kHex[static_cast<uint8_t>(c) & 15];
  return out + 5;
}

}  // namespace

size_t CopyUnescaped(const char* in, size_t size, char* out) {
  if (size < 8) return CopyShort(in, size, out);
  if (size <= 16) return CopyMedium(in, size, out);
  return CopyLong(in, size, out);
}

void JsonBuffer::AppendString(std::string_view text) {
  constexpr size_t kEscapeBytesMax = 6;
  Ensure(text.size() + kEscapeBytesMax + 2);
  Put('"');
  while (true) {
    const size_t copied = CopyUnescaped(text.data(), text.size(), at_);
    at_ += copied;
    if (copied == text.size()) break;
    at_ = PutEscape(text[copied], at_);
    text.remove_prefix(copied + 1);
    Ensure(text.size() + kEscapeBytesMax + 2);
  }
  Put('"');
}

void JsonBuffer::Sync() {
  at_ = text_->data() + size_;
  limit_ = text_->data() + text_->size();
}

void JsonBuffer::Grow(size_t bytes) {
  size_ = size();
  const size_t needed = size_ + bytes;
  if (needed > text_->capacity()) text_->reserve(std::max(needed, 2 * text_->capacity()));
  text_->resize(std::min(std::max(needed, size_ + kStepBytes), text_->capacity()));
  Sync();
}

}  // namespace spillway
