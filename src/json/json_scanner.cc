#include "json/json_scanner.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <optional>

namespace spillway {
namespace {

constexpr size_t kHexDigits = 4;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<uint32_t> TakeHex(std::string_view* raw) {
  const std::string_view digits = raw->substr(0, kHexDigits);
  uint32_t value = 0;
  const char* const stop = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), stop, value, 16);
  if (digits.size() < kHexDigits || error != std::errc() || end != stop) return std::nullopt;
  raw->remove_prefix(kHexDigits);
  return value;
}

void AppendUtf8(uint32_t point, std::string* out) {
  const auto tail = [&](int shift) {
    out->push_back(static_cast<char>(0x80 | (point >> shift & 0x3F)));
  };
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | point >> 6)), tail(0);
  } else if (point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | point >> 12)), tail(6), tail(0);
  } else {
    out->push_back(static_cast<char>(0xF0 | point >> 18)), tail(12), tail(6), tail(0);
  }
}

// Behind `\u`.
bool TakeCodePoint(std::string_view* raw, std::string* out) {
  std::optional<uint32_t> point = TakeHex(raw);
  if (!point.has_value()) return false;
  if (*point >= 0xD800 && *point < 0xDC00) {
    if (!raw->starts_with("\\u")) return false;
    raw->remove_prefix(2);
    const std::optional<uint32_t> low = TakeHex(raw);
    if (!low.has_value() || *low < 0xDC00 || *low > 0xDFFF) return false;
    point = 0x10000 + ((*point - 0xD800) << 10) + (*low - 0xDC00);
  } else if (*point >= 0xDC00 && *point <= 0xDFFF) {
    return false;
  }
  AppendUtf8(*point, out);
  return true;
}

// A number whose digits are too many, or its exponent too far from 0, for exact arithmetic.
bool HardNumber(std::string_view text, double* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (error == std::errc()) return true;
  // Nearer to 0 than any double, or larger than all.
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(text);
  return parser.iterate(padded).get_double().get(*out) == simdjson::SUCCESS;
}

// Ten to so many is a double, exactly.
constexpr std::array<double, 23> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The digits of a number as they are taken.
struct Digits {
  uint64_t value = 0;  // wrong once there are more than fit
  int count = 0;

  const char* Take(const char* at, const char* end) {
    const char* const start = at;
    for (; at < end && IsDigit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
    count += static_cast<int>(std::min<ptrdiff_t>(at - start, kFit + 1));
    return at;
  }
  bool fit() const { return count <= kFit; }
  static constexpr int kFit = 19;
};

// Of an exponent, behind its `e`; nullptr: none.
const char* ExponentEnd(const char* at, const char* end) {
  if (at < end && (*at == '+' || *at == '-')) ++at;
  const char* const start = at;
  while (at < end && IsDigit(*at)) ++at;
  return at == start ? nullptr : at;
}

}  // namespace

bool AppendUnescaped(std::string_view raw, std::string* out) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
  while (true) {
    const char* const plain_end = PlainTextEnd(raw.data(), raw.data() + raw.size());
    out->append(raw.data(), plain_end);
    raw.remove_prefix(static_cast<size_t>(plain_end - raw.data()));
    if (raw.empty()) return true;
    if (raw.size() < 2 || raw.front() != '\\') return false;
    const char name = raw[1];
    raw.remove_prefix(2);
    if (const size_t known = kNames.find(name); known != std::string_view::npos) {
      out->push_back(kValues[known]);
    } else if (name != 'u' || !TakeCodePoint(&raw, out)) {
      return false;
    }
  }
}

bool JsonScanner::TakeEscaped(const char* start, std::string_view* out, std::string* unescaped) {
  while (at_ < end_ && *at_ == '\\') {
    if (end_ - at_ < 2) return false;
    at_ = PlainTextEnd(at_ + 2, end_);
  }
  if (at_ == end_ || *at_ != '"') return false;
  unescaped->clear();
  const std::string_view raw(start, static_cast<size_t>(at_++ - start));
  if (!AppendUnescaped(raw, unescaped)) return false;
  *out = *unescaped;
  return true;
}

// Where the digits are a double exactly, and a power of ten that is one scales them, one rounding
// gives the nearest.
bool JsonScanner::TakeNumber(double* out) {
  constexpr uint64_t kExactMax = uint64_t{1} << 53;
  const char* const start = at_;
  const bool negative = at_ < end_ && *at_ == '-';
  if (negative) ++at_;
  const bool zero = at_ < end_ && *at_ == '0';
  Digits digits;
  at_ = zero ? at_ + 1 : digits.Take(at_, end_);
  if (!zero && digits.count == 0) return false;
  int scale = 0;
  if (at_ < end_ && *at_ == '.') {
    const int whole = digits.count;
    at_ = digits.Take(at_ + 1, end_);
    scale = digits.count - whole;
    if (scale == 0) return false;
  }
  const bool exponent = at_ < end_ && (*at_ == 'e' || *at_ == 'E');
  if (exponent) {
    at_ = ExponentEnd(at_ + 1, end_);
    if (at_ == nullptr) return at_ = end_, false;
  }
  const bool easy = !exponent && digits.fit() && (scale == 0 || digits.value <= kExactMax);
  if (!easy) return HardNumber({start, static_cast<size_t>(at_ - start)}, out);
  const double value = static_cast<double>(digits.value) / kPowers[static_cast<size_t>(scale)];
  *out = negative ? -value : value;
  return true;
}

}  // namespace spillway
