// What each write mode asks of the service, and what the service's answers then mean: one table,
// equal to the Spark connector's write strategies. Facts: that connector's configuration reference
// and its BulkWriter and PointWriter (azure-cosmos-spark_3).
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_MODES_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_MODES_H_

#include <optional>
#include <string_view>

#include "connector/destination.h"
#include "destinations/cosmosdb/operation.h"

namespace spillway::cosmosdb {

// What is done for a document.
enum class Step : uint8_t {
  kSend,       // one operation
  kSkip,       // the mode leaves it: suppressed without a request
  kNeedsEtag,  // the mode cannot work without the row's _etag: rejected
  kMerge,      // read it, set the given fields, write it back while unchanged
};

// What a refusal means; kJudge leaves it to the response classifier.
enum class Meaning : uint8_t { kJudge, kSuppressed, kNotFound, kRetry };

struct ModeRule {
  Step step = Step::kSend;
  OperationKind operation = OperationKind::kUpsert;
  bool conditional = false;  // only while the row's _etag is current
  RowOutcome success = RowOutcome::kUpserted;
  Meaning on_not_found = Meaning::kJudge;     // 404/0
  Meaning on_conflict = Meaning::kJudge;      // 409, every sub-status
  Meaning on_precondition = Meaning::kJudge;  // 412/0
};

// The rule for a document of this intent, with or without an _etag.
const ModeRule& RuleFor(WriteMode mode, Intent intent, bool has_etag);

// "ItemOverwrite" → kUpsert …, as spark.cosmos.write.strategy names them; nullopt: no such
// strategy.
std::optional<WriteMode> WriteModeOfSparkStrategy(std::string_view name);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_MODES_H_
