#include "app/verify_json.h"

#include "base/json_writer.h"
#include "verify/report_file.h"

namespace spillway {

std::string VerifyJson(const std::string& pipeline, const VerifySummary& summary) {
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("version", summary.version);
  json.Field("matches", summary.matches()).Field("source_documents", summary.source_documents);
  json.Field("destination_documents", summary.destination_documents).Field("equal", summary.equal);
  json.Field("missing", summary.missing).Field("extra", summary.extra);
  json.Field("different", summary.different).Field("rejected", summary.rejected);
  json.Field("soft_deleted", summary.soft_deleted);
  json.Field("rejected_kept", summary.rejected_kept).Field("moving", summary.moving);
  json.Field("through_version", summary.through_version);
  json.Field("estimated_request_units", summary.estimated_cost);
  json.Field("request_units", summary.cost).Key("differences").BeginArray();
  for (const Difference& difference : summary.differences) WriteDifference(difference, json);
  return json.EndArray().EndObject().text();
}

}  // namespace spillway
