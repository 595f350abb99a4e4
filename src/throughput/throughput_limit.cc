#include "throughput/throughput_limit.h"

#include <fmt/format.h>

#include <charconv>

#include "config/units.h"

namespace spillway {

Result<ThroughputLimit> ParseThroughputLimit(std::string_view text) {
  ThroughputLimit limit;
  if (const Result<Share> share = ParseShare(text); share.ok()) {
    limit.share = share->value;
  } else {
    uint64_t units = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), units);
    if (error != std::errc() || end != text.data() + text.size()) {
      return InvalidArgument(
                 fmt::format("must be a share or request units per second, not `{}`", text))
          .WithHint("write 30% or 8000");
    }
    limit.units_per_second = static_cast<double>(units);
  }
  if (limit.share.value_or(1) > 0 && limit.units_per_second.value_or(1) > 0) return limit;
  return InvalidArgument(fmt::format("must be more than nothing, not `{}`", text))
      .WithHint("leave it out for no limit; stop the run to spend nothing");
}

std::string FormatThroughputLimit(const ThroughputLimit& limit) {
  if (limit.share.has_value()) return FormatShare({*limit.share});
  return fmt::format("{:.0f}", limit.units_per_second.value_or(0));
}

}  // namespace spillway
