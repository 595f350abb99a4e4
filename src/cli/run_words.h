// Words and JSON that several commands share: counts of intents, runs, times.
#ifndef SPILLWAY_CLI_RUN_WORDS_H_
#define SPILLWAY_CLI_RUN_WORDS_H_

#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "changes/retry.h"
#include "connector/change_log.h"
#include "model/intent_counts.h"
#include "state/state_store.h"

namespace spillway {

// The one formula: "read 1,000 = upserted 990 (inserted 900, replaced 90) + filtered 8 + rejected
// 2".
std::string FormulaOf(const IntentCounts& counts);
// The same as the members of a JSON object under `counts`; `inserted`, `replaced` and
// `inserted_or_replaced` (the destination does not tell) make up `upserted`.
void WriteCounts(JsonWriter& json, const IntentCounts& counts);

// As one JSON object.
void WriteRetry(JsonWriter& json, const RetrySummary& retried);

std::string_view RunStateName(RunState state);
std::string_view LoadPhaseName(LoadPhase phase);
std::string_view MethodName(ChangeMethod method);
// "2026-03-01T12:00:00Z"; empty for 0.
std::string TimeText(int64_t utc_ms);

}  // namespace spillway

#endif  // SPILLWAY_CLI_RUN_WORDS_H_
