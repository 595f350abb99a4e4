#include "json/json_buffer.h"

#include <algorithm>

namespace spillway {
namespace {

constexpr size_t kStepBytes = 16 << 10;  // half of a first-level cache

// The escape of one character that needs one; at most six bytes.
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

void JsonBuffer::AppendEscaped(std::string_view rest) {
  while (!rest.empty()) {
    Ensure(kEscapeBytesMax + rest.size() + 1);
    at_ = PutEscape(rest[0], at_);
    rest.remove_prefix(1);
    const size_t copied = CopyUnescaped(rest.data(), rest.size(), at_);
    at_ += copied;
    rest.remove_prefix(copied);
  }
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
