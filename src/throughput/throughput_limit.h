// ThroughputLimit: what a user lets a pipeline spend (`throughput.limit`).
#ifndef SPILLWAY_THROUGHPUT_THROUGHPUT_LIMIT_H_
#define SPILLWAY_THROUGHPUT_THROUGHPUT_LIMIT_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spillway {

// Where both are given, the lower one holds.
struct ThroughputLimit {
  std::optional<double> share;             // of what the destination admits, in (0, 1]
  std::optional<double> units_per_second;  // > 0

  bool is_set() const { return share.has_value() || units_per_second.has_value(); }
  bool operator==(const ThroughputLimit&) const = default;
};

// "30%", or "8000" units a second. kInvalidArgument, as the end of a sentence about the setting.
Result<ThroughputLimit> ParseThroughputLimit(std::string_view text);
// REQUIRES: is_set().
std::string FormatThroughputLimit(const ThroughputLimit& limit);

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_THROUGHPUT_LIMIT_H_
