#include "emulator/sql/condition.h"

namespace spillway::emulator {

Result<bool> ConditionHolds(std::string_view condition, const Value&) {
  return InvalidArgument("The patch condition '" + std::string(condition) +
                         "' is not supported yet.");
}

}  // namespace spillway::emulator
