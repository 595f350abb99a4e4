// Queries as requests carry them.
#ifndef SPILLWAY_EMULATOR_SERVICE_QUERY_REQUEST_H_
#define SPILLWAY_EMULATOR_SERVICE_QUERY_REQUEST_H_

#include <memory>

#include "emulator/service/handlers.h"
#include "emulator/service/http_message.h"
#include "emulator/sql/ast.h"
#include "emulator/sql/functions.h"

namespace spillway::emulator {

// A POST with a query in its body, as opposed to one that creates something.
bool IsQuery(const Request& request);

// The parsed body: `{"query":…,"parameters":[{"name":…,"value":…}]}`. 400 in the service's shape.
Outcome<std::unique_ptr<sql::Query>> ParseQueryRequest(const Context& context);

sql::FunctionContext FunctionsNow(const Context& context);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_QUERY_REQUEST_H_
