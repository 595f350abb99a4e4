#include "emulator/sql/condition.h"

#include "emulator/sql/evaluate.h"
#include "emulator/sql/execute.h"
#include "emulator/sql/parser.h"

namespace spillway::emulator {

Result<bool> ConditionHolds(std::string_view condition, const Value& document) {
  ASSIGN_OR_RETURN(const auto query,
                   sql::ParseQuery("SELECT * " + std::string(condition), sql::Parameters()));
  std::string_view refusal;
  sql::FunctionContext functions;
  functions.refusal = &refusal;
  const bool holds = !sql::RowsOf(*query, document, functions).empty();
  if (!refusal.empty()) return InvalidArgument(std::string(refusal));
  return holds;
}

}  // namespace spillway::emulator
