// Parts of a verification, and what they were reduced to, as text that travels between processes of
// one version of the program (VerifyExchange, EmbeddedVerify).
#ifndef SPILLWAY_APP_VERIFY_TEXT_H_
#define SPILLWAY_APP_VERIFY_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "verify/verify_part.h"

namespace spillway {

// One line of JSON. `part` tells parts of a verification apart.
std::string VerifyPartText(uint32_t part, const VerifyPartWork& work);

struct ReadVerifyPart {
  uint32_t part = 0;
  VerifyPartWork work;
};
Result<ReadVerifyPart> ParseVerifyPart(std::string_view text);

// A line of JSON, and behind it the records, 40 bytes each, and the keys.
std::string VerifyOutcomeText(uint32_t part, const VerifyOutcome& outcome);

struct ReadVerifyOutcome {
  uint32_t part = 0;
  VerifyOutcome outcome;
};
// kDataLoss: cut, or not made by VerifyOutcomeText.
Result<ReadVerifyOutcome> ParseVerifyOutcome(std::string_view text);

}  // namespace spillway

#endif  // SPILLWAY_APP_VERIFY_TEXT_H_
