#include "transforms/exact_decimal.h"

#include <charconv>
#include <string>

namespace spillway {
namespace {

constexpr int kDigitsMax = 38;

__int128 PowerOfTen(int exponent) {
  __int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

std::strong_ordering Order(__int128 a, __int128 b) {
  return a < b ? std::strong_ordering::less
               : (a > b ? std::strong_ordering::greater : std::strong_ordering::equal);
}

}  // namespace

// Whole parts first; then the fractions, which fit when both are brought to the larger scale.
std::strong_ordering Compare(const ExactDecimal& a, const ExactDecimal& b) {
  if (a.scale == b.scale) return Order(a.unscaled, b.unscaled);
  const __int128 a_unit = PowerOfTen(a.scale);
  const __int128 b_unit = PowerOfTen(b.scale);
  const auto whole = Order(a.unscaled / a_unit, b.unscaled / b_unit);
  if (whole != std::strong_ordering::equal) return whole;
  const __int128 a_rest = a.unscaled % a_unit;
  const __int128 b_rest = b.unscaled % b_unit;
  return a.scale < b.scale ? Order(a_rest * PowerOfTen(b.scale - a.scale), b_rest)
                           : Order(a_rest, b_rest * PowerOfTen(a.scale - b.scale));
}

std::optional<ExactDecimal> ParseExactDecimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (exponent > 2 * kDigitsMax || exponent < -2 * kDigitsMax) return std::nullopt;
    text = text.substr(0, e);
  }
  const size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  if (point < text.size()) digits += text.substr(point + 1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  int scale = static_cast<int>(digits.size() - point) - exponent;
  while (scale > 0 && digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    --scale;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (scale < 0) {
    if (digits != "0") digits.append(static_cast<size_t>(-scale), '0');
    scale = 0;
  }
  if (digits == "0") return ExactDecimal{};
  if (digits.size() > static_cast<size_t>(kDigitsMax) || scale > kDigitsMax) return std::nullopt;
  ExactDecimal value{0, scale};
  for (const char c : digits) value.unscaled = value.unscaled * 10 + (c - '0');
  if (negative) value.unscaled = -value.unscaled;
  return value;
}

}  // namespace spillway
