#include "base/human.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace spillway {
namespace {

std::string OneDecimal(double number) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.1f", number);
  return text.data();
}

}  // namespace

std::string HumanCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string HumanNumber(double number) {
  if (number < 100 && number != std::floor(number)) return OneDecimal(number);
  return HumanCount(static_cast<uint64_t>(std::llround(std::max(0.0, number))));
}

std::string HumanBytes(uint64_t bytes) {
  static constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return OneDecimal(amount) + " " + kUnits[unit];
}

std::string HumanDuration(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 1) return std::to_string(std::llround(seconds * 1000)) + " ms";
  if (seconds < 60) return OneDecimal(seconds) + " s";
  const auto whole = static_cast<uint64_t>(seconds);
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  constexpr uint64_t kDay = 24 * 3600;
  if (whole >= 2 * kDay) {
    return HumanCount(whole / kDay) + " days " + std::to_string(whole % kDay / 3600) + " h";
  }
  return HumanCount(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string HumanShare(double share) {
  const double percent = share * 100;
  if (percent > 0 && percent < 0.05) return "< 0.1 %";
  if (percent >= 10 || percent == std::floor(percent)) {
    return std::to_string(std::llround(percent)) + " %";
  }
  return OneDecimal(percent) + " %";
}

std::string HumanPlural(uint64_t count, const std::string& singular) {
  return HumanCount(count) + " " + singular + (count == 1 ? "" : "s");
}

}  // namespace spillway
