// Binding: gives every alias a slot, and refuses names and groupings that mean nothing.
#ifndef SPILLWAY_EMULATOR_SQL_BIND_H_
#define SPILLWAY_EMULATOR_SQL_BIND_H_

#include "base/status.h"
#include "emulator/sql/ast.h"

namespace spillway::emulator::sql {

Status BindQuery(Query* query);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_BIND_H_
