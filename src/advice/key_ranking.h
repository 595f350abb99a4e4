// RankKeys: from figures to advice: which key first, and why, in words.
#ifndef SPILLWAY_ADVICE_KEY_RANKING_H_
#define SPILLWAY_ADVICE_KEY_RANKING_H_

#include <string>
#include <vector>

#include "advice/key_choice.h"
#include "advice/key_tally.h"
#include "connector/partitioning.h"

namespace spillway {

// In the order of a ranking.
enum class KeyVerdict : uint8_t {
  kGood,   // nothing speaks against it
  kFair,   // works, with the reservations named
  kPoor,   // a load, and the application after it, would use little of what is paid for
  kUnfit,  // documents would be refused
};
const char* VerdictName(KeyVerdict verdict);

struct KeyAdvice {
  KeyCandidate key;
  bool moment = false;  // its only or first value is a date or a time
  KeyFigures figures;
  // Filled by RankKeys.
  KeyVerdict verdict = KeyVerdict::kGood;
  std::vector<std::string> reasons;
};

// Judges each and sorts by: verdict; reachable throughput in steps of a fifth; the configured one
// (it costs no change); single keys before levels, levels before joined ones, which need a new
// column; keys that group documents before those that are almost unique; more values; the text.
void RankKeys(const Partitioning::Facts& facts, std::vector<KeyAdvice>* keys);

}  // namespace spillway

#endif  // SPILLWAY_ADVICE_KEY_RANKING_H_
