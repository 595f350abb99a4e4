#include "json/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

namespace spillway {
namespace {

// Exactly eight digits.
char* PutEight(uint32_t value, char* out) {
  const uint32_t high = value / 10000;
  const uint32_t low = value % 10000;
  out = WriteTwoDigits(high / 100, out);
  out = WriteTwoDigits(high % 100, out);
  out = WriteTwoDigits(low / 100, out);
  return WriteTwoDigits(low % 100, out);
}

// One to eight digits.
char* PutUpToEight(uint32_t value, char* out) {
  char digits[8];
  PutEight(value, digits);
  const int skip =
      value >= 10000 ? (value >= 1000000 ? (value >= 10000000 ? 0 : 1) : (value >= 100000 ? 2 : 3))
                     : (value >= 100 ? (value >= 1000 ? 4 : 5) : (value >= 10 ? 6 : 7));
  std::memcpy(out, digits + skip, 8 - static_cast<size_t>(skip));
  return out + 8 - skip;
}

// "d.ddd…e±xx" as std::to_chars writes it, to ECMAScript's form.
char* Rearrange(const char* text, const char* end, char* out) {
  if (*text == '-') *out++ = *text++;
  const char* e = std::find(text, end, 'e');
  int exponent = 0;
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  char digits[24];
  int count = 0;
  for (const char* at = text; at < e; ++at) {
    if (*at != '.') digits[count++] = *at;
  }
  const int point = exponent + 1;  // of the digits, where the decimal point stands
  if (point > 21 || point < -5) {
    *out++ = digits[0];
    if (count > 1) {
      *out++ = '.';
      out = std::copy(digits + 1, digits + count, out);
    }
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    return std::to_chars(out, out + 4, std::abs(exponent)).ptr;
  }
  if (point <= 0) {
    out = std::copy_n("0.", 2, out);
    out = std::fill_n(out, -point, '0');
    return std::copy(digits, digits + count, out);
  }
  out = std::copy(digits, digits + std::min(point, count), out);
  if (count <= point) return std::fill_n(out, point - count, '0');
  *out++ = '.';
  return std::copy(digits + point, digits + count, out);
}

template <typename T>
char* WriteShortest(T value, char* out) {
  char text[40];
  const auto [end, error] =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  return Rearrange(text, end, out);
}

// Value of a plain number, apart from its sign: 0.d1d2d3… × 10^exponent, no zero at either end.
struct Digits {
  std::string text;
  int exponent = 0;
  bool operator==(const Digits&) const = default;
};

Digits ParseDigits(std::string_view number) {
  Digits digits;
  if (number.starts_with('-')) number.remove_prefix(1);
  const size_t e = number.find_first_of("eE");
  if (e != std::string_view::npos) {
    const size_t sign = number[e + 1] == '+' ? 1 : 0;
    std::from_chars(number.data() + e + 1 + sign, number.data() + number.size(), digits.exponent);
    number = number.substr(0, e);
  }
  const size_t point = std::min(number.find('.'), number.size());
  digits.text = number.substr(0, point);
  if (point < number.size()) digits.text += number.substr(point + 1);
  const size_t zeros = std::min(digits.text.find_first_not_of('0'), digits.text.size());
  if (zeros == digits.text.size()) return {};
  digits.exponent += static_cast<int>(point) - static_cast<int>(zeros);
  digits.text = digits.text.substr(zeros, digits.text.find_last_not_of('0') + 1 - zeros);
  return digits;
}

}  // namespace

char* WriteUnsigned(uint64_t value, char* out) {
  constexpr uint64_t kEight = 100'000'000;
  if (value < kEight) return PutUpToEight(static_cast<uint32_t>(value), out);
  const uint64_t high = value / kEight;
  const auto low = static_cast<uint32_t>(value % kEight);
  if (high < kEight) {
    out = PutUpToEight(static_cast<uint32_t>(high), out);
  } else {
    out = PutUpToEight(static_cast<uint32_t>(high / kEight), out);
    out = PutEight(static_cast<uint32_t>(high % kEight), out);
  }
  return PutEight(low, out);
}

char* WriteInteger(int64_t value, char* out) {
  if (value >= 0) return WriteUnsigned(static_cast<uint64_t>(value), out);
  *out++ = '-';
  return WriteUnsigned(0 - static_cast<uint64_t>(value), out);
}

// Most doubles of business data are decimals of at most four places. Such a decimal of at most 15
// digits is the only one of that many digits that reads as its double, so it is the shortest form.
char* WriteDouble(double value, char* out) {
  constexpr double kScale = 1e4;
  const double scaled = value * kScale;
  if (scaled > -1e15 && scaled < 1e15) {
    const auto rounded = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
    if (static_cast<double>(rounded) / kScale == value) {
      if (rounded < 0) *out++ = '-';
      const auto magnitude = static_cast<uint64_t>(rounded < 0 ? -rounded : rounded);
      out = WriteUnsigned(magnitude / 10000, out);
      const auto fraction = static_cast<uint32_t>(magnitude % 10000);
      if (fraction == 0) return out;
      *out++ = '.';
      out = WriteTwoDigits(fraction / 100, out);
      if (fraction % 100 != 0) out = WriteTwoDigits(fraction % 100, out);
      return out[-1] == '0' ? out - 1 : out;
    }
  }
  return WriteShortest(value, out);
}

char* WriteFloat(float value, char* out) {
  if (value == 0) {
    *out = '0';
    return out + 1;
  }
  return WriteShortest(value, out);
}

char* WriteDecimal(__int128 unscaled, int scale, bool trim, char* out) {
  if (unscaled < 0) *out++ = '-';
  const auto magnitude = unscaled < 0 ? -static_cast<unsigned __int128>(unscaled)
                                      : static_cast<unsigned __int128>(unscaled);
  char digits[kDecimalBytesMax];
  char* end = digits;
  constexpr uint64_t kSixteen = 10'000'000'000'000'000;
  if (magnitude >> 64 == 0) {
    end = WriteUnsigned(static_cast<uint64_t>(magnitude), digits);
  } else {
    const unsigned __int128 upper = magnitude / kSixteen;
    const auto lower = static_cast<uint64_t>(magnitude % kSixteen);
    if (upper >> 64 == 0) {
      end = WriteUnsigned(static_cast<uint64_t>(upper), digits);
    } else {
      const auto middle = static_cast<uint64_t>(upper % kSixteen);
      end = WriteUnsigned(static_cast<uint64_t>(upper / kSixteen), digits);
      end = PutEight(static_cast<uint32_t>(middle / 100'000'000), end);
      end = PutEight(static_cast<uint32_t>(middle % 100'000'000), end);
    }
    end = PutEight(static_cast<uint32_t>(lower / 100'000'000), end);
    end = PutEight(static_cast<uint32_t>(lower % 100'000'000), end);
  }
  if (scale <= 0) {
    out = std::copy(digits, end, out);
    return magnitude == 0 ? out : std::fill_n(out, -scale, '0');
  }
  const auto count = static_cast<int>(end - digits);
  const int whole = std::max(count - scale, 0);
  if (whole == 0) *out++ = '0';
  out = std::copy(digits, digits + whole, out);
  char* const point = out;
  *out++ = '.';
  out = std::fill_n(out, scale - (count - whole), '0');
  out = std::copy(digits + whole, end, out);
  if (!trim) return out;
  while (out[-1] == '0') --out;
  return out - 1 == point ? point : out;
}

bool SurvivesDouble(std::string_view number) {
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  char text[kNumberBytesMax];
  const char* end = WriteDouble(value, text);
  return ParseDigits(number) ==
         ParseDigits(std::string_view(text, static_cast<size_t>(end - text)));
}

}  // namespace spillway
