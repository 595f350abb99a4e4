// JsonScanner: takes JSON text apart from left to right in one pass, for whoever meets each value
// of a small text once. RFC 8259.
#ifndef SPILLWAY_JSON_JSON_SCANNER_H_
#define SPILLWAY_JSON_JSON_SCANNER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "json/copy_unescaped.h"

namespace spillway {

// The first character of a string's text that does not stand for itself: a quote, a backslash, a
// control character; or `end`.
inline const char* PlainTextEnd(const char* at, const char* end) {
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const unsigned mask = escape_internal::EscapeMask(block);
    if (mask != 0) return at + std::countr_zero(mask);
  }
  while (at < end && !escape_internal::MustEscape(*at)) ++at;
  return at;
}

// Used by one thread. Where a call returns false, what was asked for does not stand there, and a
// scanner that has read part of it is of no more use.
class JsonScanner {
 public:
  // `text` outlives the scanner. That it is UTF-8 is not looked at.
  explicit JsonScanner(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  // The next character that is no white space, which stays; 0 at the end.
  char Peek() {
    while (at_ < end_ && IsSpace(*at_)) ++at_;
    return at_ < end_ ? *at_ : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  // Nothing follows but white space.
  bool AtEnd() {
    Peek();
    return at_ == end_;
  }
  // What is left, white space at its beginning included.
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }
  // REQUIRES: rest() has so many.
  void Skip(size_t bytes) { at_ += bytes; }

  // What a string says: a view of the text, or of `unescaped` where it has escapes.
  bool TakeString(std::string_view* out, std::string* unescaped) {
    if (!Take('"')) return false;
    const char* const start = at_;
    at_ = PlainTextEnd(at_, end_);
    if (at_ < end_ && *at_ == '"') [[likely]] {
      *out = {start, static_cast<size_t>(at_++ - start)};
      return true;
    }
    return TakeEscaped(start, out, unescaped);
  }
  // As the nearest double; false also for one that is larger than all of them.
  bool TakeNumber(double* out);
  bool TakeWord(std::string_view word) {
    if (!rest().starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  size_t place() const { return static_cast<size_t>(at_ - begin_); }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  bool TakeEscaped(const char* start, std::string_view* out, std::string* unescaped);

  const char* const begin_;
  const char* at_;
  const char* const end_;
};

// Appends the text of a JSON string, given without its quotes. False where it is none: an escape
// that is not known, half of a surrogate pair, a quote or a control character.
bool AppendUnescaped(std::string_view raw, std::string* out);

}  // namespace spillway

#endif  // SPILLWAY_JSON_JSON_SCANNER_H_
