// The body of a query, and the results in a page of its answer.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_RESULTS_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_RESULTS_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spillway::cosmosdb {

// kInvalidArgument: `parameters` is neither empty nor a JSON array.
Status CheckParameters(std::string_view parameters);

// {"query": …, "parameters": …}. REQUIRES: CheckParameters.
std::string QueryBody(std::string_view sql, std::string_view parameters);

// Calls with the JSON text of each value in "Documents": a view into `body`, whose capacity may
// grow before the first call. kDataLoss: it is no page of results.
Status ForEachResult(std::string* body, const std::function<Status(std::string_view)>& take);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_RESULTS_H_
