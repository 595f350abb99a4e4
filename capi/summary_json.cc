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

template <typename Totals>
void WriteTotals(JsonWriter& json, const Totals& totals) {
  json.Field("version", totals.version);
  WriteCounts(json, totals.counts);
  json.Field("cost", totals.cost).Field("requests", totals.requests);
  json.Field("throttled_requests", totals.throttled_requests);
}

}  // namespace

std::string SyncJson(const SyncResult& synced, std::chrono::milliseconds settle) {
  JsonWriter json;
  json.BeginObject().Field("settle_ms", int64_t{settle.count()});
  if (synced.load) {
    json.Key("load").BeginObject().Field("run", synced.load->run_id);
    json.Field("loaded_already", synced.load->outcome == LoadOutcome::kAlreadyLoaded);
    json.Field("resumed", synced.load->resumed).Field("bytes_sent", synced.load->bytes_sent);
    WriteTotals(json, synced.load->totals);
    json.EndObject();
  }
  if (synced.changes) {
    json.Key("changes").BeginObject().Field("run", synced.changes->run_id);
    json.Field("from_version", synced.changes->from_version);
    json.Field("bytes_sent", synced.changes->totals.bytes_sent);
    WriteTotals(json, synced.changes->totals);
    json.EndObject();
  }
  return json.EndObject().text();
}

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

std::string ProgressJson(const LiveProgress& progress) {
  JsonWriter json;
  json.BeginObject().Field("rows", progress.rows).Field("cost", progress.cost);
  json.Field("requests", progress.requests);
  json.Field("throttled_requests", progress.throttled_requests);
  if (progress.share.wanted) json.Field("wanted", *progress.share.wanted);
  if (progress.share.whole) json.Field("whole", *progress.share.whole);
  return json.EndObject().text();
}

std::string LoadProgressJson(const std::optional<LoadProgressReport>& report,
                             const std::optional<ThroughputLimit>& limit) {
  JsonWriter json;
  json.BeginObject();
  if (report) {
    json.Field("version", report->version);
    if (report->rows_total) json.Field("rows_total", *report->rows_total);
    json.Field("rows", report->counts.settled() + report->rows_ahead);
    json.Field("rejected", report->counts.rejected).Field("cost", report->cost);
    json.Field("requests", report->requests);
    json.Field("throttled_requests", report->throttled_requests);
    json.Field("splits_total", report->splits_total).Field("splits_done", report->splits_done);
  }
  if (limit && limit->is_set()) json.Field("limit", FormatThroughputLimit(*limit));
  return json.EndObject().text();
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
