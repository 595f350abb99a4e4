#include "destinations/cosmosdb/cosmos_capacity.h"

#include <algorithm>
#include <cmath>

#include "base/human.h"

namespace spillway::cosmosdb {
namespace {

constexpr double kManualMin = 400;
constexpr double kManualStep = 100;
constexpr double kAutoscaleMin = 1'000;
constexpr double kAutoscaleStep = 1'000;
// Autoscale is billed by the hour, for the most that was reached in it, but at least for a tenth of
// its maximum, at one and a half times the price of manual throughput.
constexpr double kAutoscaleFloor = 0.1;
constexpr double kAutoscalePrice = 1.5;
constexpr double kHourSeconds = 3'600;
// Shorter loads are not worth a change of the throughput.
constexpr double kRecipeSecondsMin = 60;
// Of the busiest hour: what is left for changes that come all at once, and for those who read.
constexpr double kRoom = 2;

std::string Units(double units_per_second) {
  return HumanCount(static_cast<uint64_t>(units_per_second)) + " RU/s";
}

std::string Whole(double number) {
  return std::to_string(static_cast<uint64_t>(number));
}

double RoundUp(double units, double min, double step) {
  return std::max(min, std::ceil(units / step) * step);
}

double UnitsNow(const ContainerCapacity& container) {
  const Throughput& throughput = container.throughput;
  return throughput.autoscale_max.value_or(throughput.manual.value_or(0));
}

std::string SettingOf(const ContainerCapacity& container, double units) {
  const bool autoscale = container.throughput.autoscale_max.has_value();
  const std::string value = (autoscale ? "{autoscale: " : "{manual: ") + Whole(units) + "}";
  if (!container.is_there) return "destination.create.throughput: " + value;
  if (container.shared) return "the throughput of the database: " + value;
  return "the throughput of container " + container.name + ": " + value;
}

// How soon a container of so many ranges can give so much.
std::string ScalingNote(uint32_t ranges, double units) {
  const double limit = ranges * kRangeUnitsMax;
  const std::string serve = HumanPlural(ranges, "partition") +
                            (ranges == 1 ? " serves" : " serve") + " up to " + Units(limit);
  if (units <= limit) return "at once: " + serve;
  return serve + ", more asks for splits: some hours";
}

CapacityStep Doubled(const ContainerCapacity& container) {
  const bool autoscale = container.throughput.autoscale_max.has_value();
  const double step = autoscale ? kAutoscaleStep : kManualStep;
  CapacityStep doubled;
  doubled.units_per_second = RoundUp(2 * UnitsNow(container), 0, step);
  doubled.setting = SettingOf(container, doubled.units_per_second);
  if (container.is_there) {
    doubled.note = ScalingNote(container.ranges, doubled.units_per_second);
  } else {
    doubled.note = "before the container is made";
  }
  return doubled;
}

// "Create with partitions × 6,000, raise to × 10,000": as many ranges as the documents need, each
// at its limit.
std::vector<CapacityStep> Recipe(const ContainerCapacity& container,
                                 const CapacityQuestion& question) {
  const double now = UnitsNow(container);
  const double wanted_ranges =
      container.is_there ? container.ranges
                         : std::max(1.0, std::ceil(question.documents_bytes / kRangeBytesTarget));
  const double most = wanted_ranges * kRangeUnitsMax;
  if (now <= 0 || container.shared || most <= now) return {};
  if (question.load_units / now < kRecipeSecondsMin) return {};
  std::vector<CapacityStep> steps;
  if (!container.is_there) {
    const double first = wanted_ranges * kManualUnitsPerRange;
    steps.push_back({"destination.create.throughput: {manual: " + Whole(first) + "}",
                     "makes " + HumanPlural(static_cast<uint64_t>(wanted_ranges), "partition") +
                         ", of 6,000 RU/s each",
                     first});
  }
  steps.push_back({"raise the container to " + Units(most),
                   ScalingNote(static_cast<uint32_t>(wanted_ranges), most), most});
  const double floor = RoundUp(most / 100, kManualMin, kManualStep);
  steps.push_back({"lower it when the load is done",
                   "to no less than " + Units(floor) + ", a hundredth of the most it ever had",
                   floor});
  return steps;
}

CapacityChoice ForLoad() {
  return {"manual",
          {},
          "a load uses all it gets in every second; autoscale costs 1.5 times as much for that"};
}

// RU/s times hours, as they are billed for these hours.
struct Bill {
  double manual = 0;
  double autoscale = 0;
  double manual_units = 0;
  double autoscale_units = 0;
};

Bill BillOf(const std::vector<double>& changes_by_hour) {
  const double busiest =
      *std::max_element(changes_by_hour.begin(), changes_by_hour.end()) / kHourSeconds;
  Bill bill;
  bill.manual_units = RoundUp(kRoom * busiest, kManualMin, kManualStep);
  bill.autoscale_units = RoundUp(kRoom * busiest, kAutoscaleMin, kAutoscaleStep);
  for (const double units : changes_by_hour) {
    const double reached = std::min(kRoom * units / kHourSeconds, bill.autoscale_units);
    bill.autoscale += kAutoscalePrice * std::max(reached, kAutoscaleFloor * bill.autoscale_units);
    bill.manual += bill.manual_units;
  }
  return bill;
}

CapacityChoice ForChanges(const std::vector<double>& changes_by_hour) {
  const Bill bill = BillOf(changes_by_hour);
  const bool autoscale = bill.autoscale < bill.manual;
  const double days = static_cast<double>(changes_by_hour.size()) / 24;
  const auto daily = [days](double units) { return HumanNumber(units / days); };
  CapacityChoice choice;
  choice.kind = autoscale ? "autoscale" : "manual";
  choice.setting = autoscale ? "{autoscale: " + Whole(bill.autoscale_units) + "}"
                             : "{manual: " + Whole(bill.manual_units) + "}";
  choice.reason = "in RU/s-hours a day: autoscale to " + Units(bill.autoscale_units) + " " +
                  daily(bill.autoscale) + ", manual " + Units(bill.manual_units) + " " +
                  daily(bill.manual) +
                  "; that is with twice the busiest hour for these changes alone; what reads the "
                  "container comes on top";
  return choice;
}

}  // namespace

double RangesOfBytes(double documents_bytes) {
  return std::max(1.0, std::ceil(documents_bytes / kRangeBytesMax));
}

CapacityAdvice AdviseCosmosCapacity(const ContainerCapacity& container,
                                    const CapacityQuestion& question) {
  CapacityAdvice advice;
  advice.ranges_of_bytes = static_cast<uint64_t>(RangesOfBytes(question.documents_bytes));
  const double now = UnitsNow(container);
  if (now > 0) {
    advice.ranges_of_units = static_cast<uint64_t>(std::ceil(now / kRangeUnitsMax));
    advice.doubled = Doubled(container);
    advice.loading = Recipe(container, question);
    advice.for_load = ForLoad();
  }
  if (!question.changes_by_hour.empty()) advice.for_changes = ForChanges(question.changes_by_hour);
  return advice;
}

}  // namespace spillway::cosmosdb
