// Quantities as people write them in a configuration: sizes, durations, shares. Each has one parser
// and one printer, and the two agree.
#ifndef SPILLWAY_CONFIG_UNITS_H_
#define SPILLWAY_CONFIG_UNITS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spillway {

struct ByteCount {
  uint64_t bytes = 0;
  bool operator==(const ByteCount&) const = default;
};

struct Share {
  double value = 0;  // 0.1 is 10 %
  bool operator==(const Share&) const = default;
};

// "256MiB", "1.5GB", "100 B"; a bare number is refused.
Result<ByteCount> ParseByteCount(std::string_view text);
std::string FormatByteCount(ByteCount size);

// "500ms", "30s", "5m", "24h", "7d"; a bare number is refused.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::string FormatDuration(std::chrono::milliseconds duration);

// "30%", "0.1%", from 0 to 100.
Result<Share> ParseShare(std::string_view text);
std::string FormatShare(Share share);

// "2026-03-01", "2026-03-01T12:00:00Z", "2026-03-01 12:00:00.250+02:00"; no zone means UTC.
// Milliseconds since the epoch.
Result<int64_t> ParseTimestampMs(std::string_view text);

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_UNITS_H_
