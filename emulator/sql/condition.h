// The condition of a patch: "from c where c.rev < 7".
#ifndef SPILLWAY_EMULATOR_SQL_CONDITION_H_
#define SPILLWAY_EMULATOR_SQL_CONDITION_H_

#include <string_view>

#include "base/result.h"
#include "emulator/json/value.h"

namespace spillway::emulator {

// Whether `document` meets the condition. Fails with kInvalidArgument on a text that is none.
Result<bool> ConditionHolds(std::string_view condition, const Value& document);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SQL_CONDITION_H_
