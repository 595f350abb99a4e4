// QueryMerge: the answers of several partitions to one query, made into the answer of the query.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_MERGE_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_MERGE_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "destinations/cosmosdb/query_plan.h"

namespace spillway::cosmosdb {

// What a sorted query may hold in memory before its first result is known.
inline constexpr size_t kMergeBytesMax = 256 << 20;

// Used by one thread at a time.
class QueryMerge {
 public:
  explicit QueryMerge(QueryPlan plan);
  ~QueryMerge();

  // One row as a partition gave it, of the rewritten query. kTooLarge beyond kMergeBytesMax;
  // kDataLoss: the row has not the form that the plan promises.
  Status Add(std::string_view row);
  // True when no further row can change the answer: a limit is reached.
  bool is_full() const;
  // The results that are certain so far; each is given once. `finished`: no row will follow.
  Result<std::vector<std::string>> Take(bool finished);

  const QueryPlan& plan() const { return plan_; }

 private:
  struct SortKey;
  struct SortedRow;
  class Accumulator;
  Status AddSorted(std::string_view row);
  void Emit(std::string result);

  const QueryPlan plan_;
  std::unique_ptr<Accumulator> accumulator_;
  std::vector<SortedRow> sorted_;
  size_t sorted_bytes_ = 0;
  std::set<Hash128> seen_;  // for DISTINCT
  uint64_t skipped_ = 0;
  uint64_t emitted_ = 0;
  std::vector<std::string> ready_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_QUERY_MERGE_H_
