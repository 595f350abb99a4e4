// The steps of a switch, by name: for progress, and for the tests that kill a process in each.
#ifndef SPILLWAY_APP_SWITCH_STEPS_H_
#define SPILLWAY_APP_SWITCH_STEPS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/plan_changes.h"
#include "config/units.h"

namespace spillway {

// In the order in which they come. A process that dies in any of them leaves the old pointer or the
// new one; the next sync goes on, or cleans up.
enum class SwitchStep : uint8_t {
  kReserve,   // the name of a new container is given, before there is one
  kLoad,      // into the new container, and what changed meanwhile
  kVerify,    // it against the table
  kVerified,  // the list says so: a process that goes on need not verify again
  kCatchUp,   // what changed during the verification
  kFlip,      // the pointer: one write
  kAlign,     // the state of the new container becomes the pipeline's
  kDrop,      // a container whose time is over, or that was given up
};

// "reserve", "load" …: stable.
std::string_view SwitchStepName(SwitchStep step);

struct SwitchNews {
  SwitchStep step = SwitchStep::kReserve;
  std::string container;
};

struct SwitchSummary {
  int64_t run_id = 0;
  std::string from;  // empty: it was the first
  std::string to;
  int64_t version = 0;           // of the table, at the flip
  int64_t verified_version = 0;  // that the new container was found equal to; changes came since
  uint64_t documents = 0;        // that were compared; 0: an earlier run had done that
  double verify_cost = 0;        // of reading them
};

// So many writes at least: less is no load, whatever share of the documents it is.
inline constexpr double kLargeWritesMin = 1'000;

// Whether what is pending is more than `share` of the documents: by what applying it would write,
// else by its images, else by its bytes beside those of the table.
bool IsLarge(const ChangesPlan& plan, uint64_t documents, uint64_t table_bytes,
             const std::optional<Share>& share);

}  // namespace spillway

#endif  // SPILLWAY_APP_SWITCH_STEPS_H_
