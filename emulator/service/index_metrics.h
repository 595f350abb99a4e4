// Index metrics: which properties of a document a query filters and sorts by.
#ifndef SPILLWAY_EMULATOR_SERVICE_INDEX_METRICS_H_
#define SPILLWAY_EMULATOR_SERVICE_INDEX_METRICS_H_

#include <string>

#include "emulator/sql/ast.h"

namespace spillway::emulator {

// The value of x-ms-cosmos-index-utilization, for requests that ask for it
// (x-ms-cosmos-populateindexmetrics): base64 of JSON. Every property is said to be indexed;
// composite indexes are not looked at.
std::string IndexMetrics(const sql::Query& query);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_INDEX_METRICS_H_
