#include "throughput/usage_meter.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

namespace spillway {
namespace {

std::optional<double> Greatest(const std::vector<double>& shares) {
  if (shares.empty()) return std::nullopt;
  return *std::max_element(shares.begin(), shares.end());
}

}  // namespace

void UsageMeter::SetCap(const AdmittedThroughput& admitted, const ThroughputLimit& limit) {
  std::lock_guard lock(mutex_);
  admitted_ = admitted;
  limit_ = limit.units_per_second;
  if (limit.share && admitted.units_per_second) {
    const double share = *limit.share * *admitted.units_per_second;
    limit_ = std::min(limit_.value_or(share), share);
  }
}

// By the answers' clock: what arrives a moment late makes a range look fuller than it can be.
std::vector<double> UsageMeter::SharesOf(const std::vector<double>& units) const {
  std::vector<double> shares;
  if (!admitted_.units_per_second.has_value()) return shares;
  for (size_t group = 0; group < admitted_.parts.size(); ++group) {
    const double most = *admitted_.units_per_second * admitted_.parts[group];
    const double used = group < units.size() ? units[group] : 0;
    shares.push_back(most > 0 ? std::min(1.0, used / most) : 0);
  }
  return shares;
}

void UsageMeter::Advance(SteadyTime now, Seconds& seconds) const {
  if (!started_.has_value()) return;
  const int64_t number = std::chrono::floor<std::chrono::seconds>(now - *started_).count();
  if (number <= seconds.current) return;
  const std::optional<double> normalised = Greatest(SharesOf(seconds.current_units));
  if (normalised) seconds.peak = std::max(seconds.peak.value_or(0), *normalised);
  const bool next = number == seconds.current + 1;
  seconds.last_units = next ? std::move(seconds.current_units) : std::vector<double>();
  seconds.current_units.clear();
  seconds.current = number;
}

void UsageMeter::Add(uint32_t group, double units, SteadyTime now) {
  std::lock_guard lock(mutex_);
  if (!started_.has_value()) started_ = now;
  Advance(now, seconds_);
  if (seconds_.current_units.size() <= group) seconds_.current_units.resize(group + 1);
  seconds_.current_units[group] += units;
}

ThroughputPicture UsageMeter::Picture(SteadyTime now) const {
  std::lock_guard lock(mutex_);
  Seconds seconds = seconds_;
  Advance(now, seconds);
  ThroughputPicture picture;
  picture.admitted = admitted_.units_per_second;
  picture.cap = limit_ && picture.admitted ? std::min(*limit_, *picture.admitted)
                : limit_                   ? limit_
                                           : picture.admitted;
  picture.limited = limit_.has_value() && *limit_ < picture.admitted.value_or(*limit_ + 1);
  picture.used = std::accumulate(seconds.last_units.begin(), seconds.last_units.end(), 0.0);
  picture.ranges = SharesOf(seconds.last_units);
  picture.normalised = Greatest(picture.ranges);
  picture.peak_normalised = seconds.peak;
  return picture;
}

}  // namespace spillway
