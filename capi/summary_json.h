// What the C interface answers with, as JSON.
#ifndef SPILLWAY_CAPI_SUMMARY_JSON_H_
#define SPILLWAY_CAPI_SUMMARY_JSON_H_

#include <optional>
#include <string>

#include "app/embedded_reader.h"
#include "app/embedded_session.h"
#include "app/sync_pipeline.h"

namespace spillway {

std::string FactsJson(const DestinationFacts& facts);
std::string SyncJson(const SyncResult& synced, std::chrono::milliseconds settle);
std::string SummaryJson(const SessionSummary& summary);
std::string ReadSummaryJson(const ReadSummary& summary);
std::string ProgressJson(const LiveProgress& progress);
std::string LoadProgressJson(const std::optional<LoadProgressReport>& report,
                             const std::optional<ThroughputLimit>& limit);

}  // namespace spillway

#endif  // SPILLWAY_CAPI_SUMMARY_JSON_H_
