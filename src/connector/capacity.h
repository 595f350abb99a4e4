// Capacity: what a destination advises about its throughput and its physical partitions (ranges),
// for a certain load and the changes after it. For `plan`; in words that its users know.
#ifndef SPILLWAY_CONNECTOR_CAPACITY_H_
#define SPILLWAY_CONNECTOR_CAPACITY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spillway {

struct CapacityQuestion {
  double documents_bytes = 0;  // that the destination will hold
  double load_units = 0;       // to write them, in the unit of WriteReport::cost
  // What the changes of each hour of some days would have taken; empty: not known.
  std::vector<double> changes_by_hour{};
};

// A change of settings, for people.
struct CapacityStep {
  std::string setting{};  // exactly: "destination.create.throughput: {manual: 8000}"
  std::string note{};     // how soon it holds, and what it takes
  double units_per_second = 0;
};

// How the throughput should be bought, once the table is loaded.
struct CapacityChoice {
  std::string kind{};     // "manual" or "autoscale"
  std::string setting{};  // "{autoscale: 4000}"
  std::string reason{};
};

struct CapacityAdvice {
  uint64_t ranges_of_bytes = 0;                 // that the documents need
  std::optional<uint64_t> ranges_of_units{};    // … and what is admitted now, when known
  std::optional<CapacityStep> doubled{};        // what would admit twice as much
  std::vector<CapacityStep> loading{};          // the recipe of a fast load, in order; empty: none
  std::optional<CapacityChoice> for_load{};     // while the table is loaded
  std::optional<CapacityChoice> for_changes{};  // … and after it; absent: nothing is known of them
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_CAPACITY_H_
