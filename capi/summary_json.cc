#include "capi/summary_json.h"

#include "base/json_writer.h"

namespace spillway {
namespace {

void WriteCounts(JsonWriter& json, const IntentCounts& counts) {
  json.Key("counts").BeginObject().Field("read", counts.read).Field("upserted", counts.upserted);
  json.Field("inserted", counts.inserted).Field("replaced", counts.replaced);
  json.Field("deleted", counts.deleted).Field("delete_found_nothing", counts.delete_found_nothing);
  json.Field("unchanged", counts.unchanged).Field("superseded", counts.superseded);
  json.Field("filtered", counts.filtered).Field("rejected", counts.rejected);
  json.Field("adds_up", counts.AddsUp()).EndObject();
}

}  // namespace

std::string FactsJson(const DestinationFacts& facts) {
  JsonWriter json;
  json.BeginObject().Field("place", facts.place).Key("partition_key").BeginArray();
  for (const std::string& path : facts.partition_key) json.String(path);
  json.EndArray().Field("read_parts", uint64_t{facts.read_parts});
  return json.EndObject().text();
}

std::string ReadSummaryJson(const ReadSummary& summary) {
  JsonWriter json;
  json.BeginObject().Field("documents", summary.documents).Field("misfits", summary.misfits);
  return json.Field("cost", summary.cost).EndObject().text();
}

std::string SummaryJson(const SessionSummary& summary) {
  JsonWriter json;
  json.BeginObject();
  WriteCounts(json, summary.counts);
  json.Field("cost", summary.cost).Field("requests", summary.requests);
  json.Field("throttled_requests", summary.throttled_requests);
  json.Field("bytes_sent", summary.bytes_sent).Field("unsure", summary.unsure);
  json.Key("rejected_by_reason").BeginObject();
  for (const auto& [reason, rows] : summary.rejected_by_reason) json.Field(reason, rows);
  json.EndObject().Key("rejected").BeginArray();
  for (const RejectedInSession& row : summary.rejected) {
    json.BeginObject().Field("row", row.row).Field("key", row.key).Field("reason", row.reason);
    json.Field("message", row.message).EndObject();
  }
  return json.EndArray().EndObject().text();
}

}  // namespace spillway
