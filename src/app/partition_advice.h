// AdvisePartitionKey: which partition key would make a load of a table fast, told by one pass over
// the table: every document is encoded as a load would encode it, and its place under every
// candidate is computed by the destination's own rule. Memory is bounded whatever the table is.
#ifndef SPILLWAY_APP_PARTITION_ADVICE_H_
#define SPILLWAY_APP_PARTITION_ADVICE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "advice/key_ranking.h"
#include "app/pipeline.h"

namespace spillway {

struct AdviceRequest {
  VersionSelector at;
  // Keys to judge besides: "/tenant", or levels "/tenant,/user".
  std::vector<std::string> candidates;
};

struct PartitionAdvice {
  TableInfo table;
  Partitioning::Facts facts;
  uint64_t rows = 0;
  uint64_t documents = 0;
  uint64_t filtered = 0;
  uint64_t rejected = 0;        // they have no say
  double bytes = 0;             // of the encoded documents
  double units = 0;             // to write them
  double window_bytes = 0;      // how far ahead reachable_in_order assumes a load to be
  std::vector<KeyAdvice> keys;  // best first
  std::vector<LeftOutKey> left_out;
  bool key_present_differs = false;  // the container has another key than the configured one
};

// Writes nothing, to neither side. `on_progress` is told the rows read. Errors: those of opening
// both and of reading the table; kInvalidArgument: the destination has no use for advice, a
// candidate names no field that could be a key, the table has no rows.
Result<PartitionAdvice> AdvisePartitionKey(const Project& project, const PipelineConfig& pipeline,
                                           const AdviceRequest& request,
                                           const std::function<void(uint64_t)>& on_progress,
                                           const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_PARTITION_ADVICE_H_
