// Unparse: a tree back to query text, for query plans (rewritten queries) and for comparing
// expressions.
#ifndef SPILLWAY_EMULATOR_SQL_UNPARSE_H_
#define SPILLWAY_EMULATOR_SQL_UNPARSE_H_

#include <string>

#include "emulator/sql/ast.h"

namespace spillway::emulator::sql {

std::string Unparse(const Expression& expression);
std::string Unparse(const Query& query);
// " FROM c JOIN t IN c.tags"; empty without FROM.
std::string UnparseFrom(const Query& query);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_UNPARSE_H_
