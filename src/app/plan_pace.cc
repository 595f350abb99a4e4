#include "app/plan_pace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/human.h"

namespace spillway {
namespace {

std::string Rate(double units_per_second) {
  return fmt::format("{} RU/s", HumanCount(static_cast<uint64_t>(std::llround(units_per_second))));
}

std::string Percent(double share) {
  const double percent = share * 100;
  return percent == std::floor(percent) ? fmt::format("{:.0f}%", percent)
                                        : fmt::format("{:.4g}%", percent);
}

class Pacer {
 public:
  explicit Pacer(const PaceQuestion& question) : question_(question) {}

  PlanPace Pace() {
    const double even = question_.ranges > 0 ? 1.0 / question_.ranges : 1;
    pace_.reachable = std::min(1.0, even / std::max(question_.hottest_share, even));
    const auto allowed = Allowed(question_.limit);
    const bool limited = allowed && (!question_.admitted || *allowed < *question_.admitted);
    pace_.units_per_second = limited ? allowed : question_.admitted;
    pace_.duration = DurationAt(pace_.units_per_second);
    pace_.limited_by = limited ? LimitText() : AdmittedText();
    if (!pace_.duration) return std::move(pace_);
    if (pace_.reachable < kReachableWellMin) AddKey();
    limited ? AddLimit(*allowed) : AddDoubled();
    return std::move(pace_);
  }

 private:
  std::optional<double> Allowed(const ThroughputLimit& limit) const {
    std::optional<double> allowed = limit.units_per_second;
    if (limit.share && question_.admitted) {
      const double part = *limit.share * *question_.admitted;
      allowed = std::min(part, allowed.value_or(part));
    }
    return allowed;
  }

  std::optional<std::chrono::nanoseconds> DurationAt(const std::optional<double>& units_per_second,
                                                     double reachable) const {
    if (!units_per_second || *units_per_second <= 0) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(question_.units / *units_per_second / reachable));
  }
  std::optional<std::chrono::nanoseconds> DurationAt(
      const std::optional<double>& units_per_second) const {
    return DurationAt(units_per_second, pace_.reachable);
  }

  std::string LimitText() const {
    const std::string where =
        question_.limit_is_set ? "a limit set by `spillway throttle`" : "throughput.limit";
    const std::string limit = FormatThroughputLimit(question_.limit);
    if (!question_.limit.share) return fmt::format("{}: {}", where, limit);
    return fmt::format("{}: {} of {}", where, limit, Rate(*question_.admitted));
  }

  std::string AdmittedText() const {
    if (!question_.admitted) return question_.admitted_basis;
    return fmt::format("the destination: {}, {}", Rate(*question_.admitted),
                       question_.admitted_basis);
  }

  // Twice the limit, as far as there is so much; then none.
  void AddLimit(double allowed) {
    ThroughputLimit twice = question_.limit;
    if (twice.units_per_second) twice.units_per_second = 2 * *twice.units_per_second;
    if (twice.share) twice.share = 2 * *twice.share;
    const bool fits = !question_.admitted || 2 * allowed <= *question_.admitted;
    if (fits) {
      pace_.faster.push_back({Setting(twice), {}, DurationAt(2 * allowed)});
      return;
    }
    pace_.faster.push_back(
        {question_.limit_is_set
             ? fmt::format("spillway throttle {} --share 100%", question_.pipeline)
             : "no throughput.limit",
         "all that the destination admits: nothing is left for others meanwhile",
         DurationAt(question_.admitted)});
    AddDoubled();
  }

  std::string Setting(const ThroughputLimit& limit) const {
    const std::string text =
        limit.share ? Percent(*limit.share) : fmt::format("{:.0f}", *limit.units_per_second);
    if (!question_.limit_is_set) return fmt::format("throughput: {{limit: {}}}", text);
    return fmt::format("spillway throttle {} {} {}", question_.pipeline,
                       limit.share ? "--share" : "--ru", text);
  }

  // What the destination is raised to; a share of it grows along, a number of units does not.
  void AddDoubled() {
    if (!question_.doubled) return;
    const CapacityStep& doubled = *question_.doubled;
    std::optional<double> then = doubled.units_per_second;
    if (question_.limit.share) then = *question_.limit.share * *then;
    if (question_.limit.units_per_second) {
      if (*question_.limit.units_per_second <= pace_.units_per_second.value_or(0)) return;
      then = std::min(*then, *question_.limit.units_per_second);
    }
    pace_.faster.push_back({doubled.setting, doubled.note, DurationAt(then)});
  }

  void AddKey() {
    pace_.faster.push_back(
        {fmt::format("spillway plan {} --advise-partition-key", question_.pipeline),
         fmt::format("with a key that spreads evenly: one range of {} gets {} of the load now",
                     question_.ranges, HumanShare(question_.hottest_share)),
         DurationAt(pace_.units_per_second, 1)});
  }

  const PaceQuestion& question_;
  PlanPace pace_;
};

}  // namespace

PlanPace PaceOf(const PaceQuestion& question) {
  return Pacer(question).Pace();
}

}  // namespace spillway
