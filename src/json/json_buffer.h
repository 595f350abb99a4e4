// JsonBuffer: appends JSON text to a string with unchecked writes after one check for room. The
// string is enlarged in small steps inside its capacity, so that clearing new memory happens in the
// cache.
#ifndef SPILLWAY_JSON_JSON_BUFFER_H_
#define SPILLWAY_JSON_JSON_BUFFER_H_

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/copy_unescaped.h"

namespace spillway {

// Used by one thread; the string must outlive it.
class JsonBuffer {
 public:
  explicit JsonBuffer(std::string* text) : JsonBuffer(text, text->size()) {}
  // Writes over what the string holds from `size` on: that memory need not be cleared again.
  // REQUIRES: size <= text->size().
  JsonBuffer(std::string* text, size_t size) : text_(text), size_(size) { Sync(); }

  // Bytes written so far.
  size_t size() const { return static_cast<size_t>(at_ - text_->data()); }
  std::string_view Written(size_t from) const { return {text_->data() + from, size() - from}; }

  // After it, `bytes` may be written at `end()`.
  void Ensure(size_t bytes) {
    if (static_cast<size_t>(limit_ - at_) < bytes) [[unlikely]]
      Grow(bytes);
  }
  // REQUIRES (these four): Ensure of what they write.
  char* end() { return at_; }
  void set_end(char* end) {
    SPILLWAY_DCHECK(end <= limit_);
    at_ = end;
  }
  void Put(char c) { *at_++ = c; }
  void PutText(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  void Append(std::string_view text) {
    Ensure(text.size());
    PutText(text);
  }
  // As a JSON string, in quotes. REQUIRES: valid UTF-8.
  void AppendString(std::string_view text) {
    Ensure(text.size() + 2);
    *at_++ = '"';
    const size_t copied = CopyUnescaped(text.data(), text.size(), at_);
    at_ += copied;
    if (copied < text.size()) [[unlikely]] {
      AppendEscaped(text.substr(copied));
      Ensure(1);
    }
    *at_++ = '"';
  }

  // Takes back everything after the first `size` bytes.
  void Truncate(size_t size) { at_ = text_->data() + size; }
  // Closes an object or array whose members were each written with a comma after them.
  void Close(char bracket) {
    if (at_[-1] == ',') --at_;
    *at_++ = bracket;
  }

  // Gives the string its true size. Nothing may be appended after it.
  void Finish() { text_->resize(size()); }

 private:
  static constexpr size_t kEscapeBytesMax = 6;

  // REQUIRES: the first character must be escaped.
  void AppendEscaped(std::string_view rest);
  void Sync();
  void Grow(size_t bytes);

  std::string* text_;
  size_t size_;
  char* at_ = nullptr;
  char* limit_ = nullptr;
};

}  // namespace spillway

#endif  // SPILLWAY_JSON_JSON_BUFFER_H_
