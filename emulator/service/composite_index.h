// The rule that ORDER BY over several properties needs a composite index for exactly them.
#ifndef SPILLWAY_EMULATOR_SERVICE_COMPOSITE_INDEX_H_
#define SPILLWAY_EMULATOR_SERVICE_COMPOSITE_INDEX_H_

#include <optional>

#include "emulator/service/http_message.h"
#include "emulator/sql/ast.h"
#include "emulator/store/container.h"

namespace spillway::emulator {

// 400 when the query orders by two or more expressions that no composite index has, in the same
// order and with the same directions or all of them reversed.
std::optional<ServiceError> CheckCompositeIndex(const sql::Query& query,
                                                const ContainerSettings& settings);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_COMPOSITE_INDEX_H_
