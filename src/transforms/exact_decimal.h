// ExactDecimal: a decimal number of at most 38 digits, compared without rounding.
#ifndef SPILLWAY_TRANSFORMS_EXACT_DECIMAL_H_
#define SPILLWAY_TRANSFORMS_EXACT_DECIMAL_H_

#include <compare>
#include <optional>
#include <string_view>

namespace spillway {

// unscaled / 10^scale. REQUIRES: |unscaled| < 10^38, 0 ≤ scale ≤ 38.
struct ExactDecimal {
  __int128 unscaled = 0;
  int scale = 0;
};

std::strong_ordering Compare(const ExactDecimal& a, const ExactDecimal& b);

// "-12.50", "1e3". nullopt: not a number, or one of more than 38 digits in this form.
std::optional<ExactDecimal> ParseExactDecimal(std::string_view text);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_EXACT_DECIMAL_H_
