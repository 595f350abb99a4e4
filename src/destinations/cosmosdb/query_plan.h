// QueryPlan: how the service says that a query over several partitions must be run and merged.
// Facts: the query plan of the public SDKs (PartitionedQueryExecutionInfo, version 2).
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_PLAN_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spillway::cosmosdb {

enum class Aggregate : uint8_t { kCount, kSum, kMin, kMax, kAverage };

struct QueryPlan {
  struct Interval {
    std::string min;  // binary effective partition keys, half-open
    std::string max;
  };
  std::string query;             // to send to each range, ready
  bool rewritten = false;        // by the service: what the ranges answer is not the answer yet
  std::vector<bool> descending;  // per ORDER BY expression; empty: no order
  std::optional<Aggregate> aggregate;
  bool distinct = false;
  uint64_t offset = 0;
  std::optional<uint64_t> limit;    // of LIMIT or TOP, whichever is smaller
  std::vector<Interval> intervals;  // where results can be
};

// `query` is the text that was planned. kUnsupported names the clause that this client cannot
// merge; kDataLoss: the text is no plan.
Result<QueryPlan> ParseQueryPlan(std::string_view plan, std::string_view query);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_PLAN_H_
