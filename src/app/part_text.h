// Parts of a load, and what became of them, as text that travels between processes of one version
// of the program (PartExchange, EmbeddedPart).
#ifndef SPILLWAY_APP_PART_TEXT_H_
#define SPILLWAY_APP_PART_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/load_crew.h"
#include "engine/split_run.h"

namespace spillway {

// One line of JSON. `part` tells parts of a load apart.
std::string PartText(uint32_t part, const SplitRunWork& work);

struct ReadPartText {
  uint32_t part = 0;
  SplitRunWork work;
};
Result<ReadPartText> ParsePartText(std::string_view text);

// A line of JSON, and behind it the identities, 24 bytes each.
std::string OutcomeText(uint32_t part, const CrewOutcome& outcome);

struct ReadOutcomeText {
  uint32_t part = 0;
  CrewOutcome outcome;
};
// kDataLoss: cut, or not made by OutcomeText.
Result<ReadOutcomeText> ParseOutcomeText(std::string_view text);

}  // namespace spillway

#endif  // SPILLWAY_APP_PART_TEXT_H_
