// PlanPace: how long a run takes: what holds it back, and which setting would halve that. Pure.
#ifndef SPILLWAY_APP_PLAN_PACE_H_
#define SPILLWAY_APP_PLAN_PACE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connector/capacity.h"
#include "throughput/throughput_limit.h"

namespace spillway {

struct PaceQuestion {
  std::string pipeline{};
  double units = 0;                  // of the run
  std::optional<double> admitted{};  // a second, by the destination; nullopt: not known
  std::string admitted_basis{};
  ThroughputLimit limit{};
  bool limit_is_set = false;  // by `spillway throttle`, not by the configuration
  uint32_t ranges = 1;
  double hottest_share = 1;               // of the run, in its fullest range; 1 / ranges: even
  std::optional<CapacityStep> doubled{};  // CapacityAdvice::doubled
};

// What would shorten the run.
struct PaceStep {
  std::string setting{};  // exactly
  std::string note{};
  std::optional<std::chrono::nanoseconds> duration{};  // with it
};

struct PlanPace {
  std::optional<double> units_per_second{};  // that the run may use; nullopt: not known
  double reachable = 1;                      // the part of it that the fullest range lets it use
  std::optional<std::chrono::nanoseconds> duration{};
  std::string limited_by{};        // for people: "throughput.limit: 30% of 40,000 RU/s"
  std::vector<PaceStep> faster{};  // best first
};

// Less than this part of the throughput is worth a word about the partition key.
inline constexpr double kReachableWellMin = 0.9;

PlanPace PaceOf(const PaceQuestion& question);

}  // namespace spillway

#endif  // SPILLWAY_APP_PLAN_PACE_H_
