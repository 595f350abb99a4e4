#include "app/doctor.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "app/pipeline.h"
#include "base/human.h"
#include "transforms/document_encoder.h"

namespace spillway {
namespace {

// Less is a warning: windows of changes and sorted hashes spill to disk.
constexpr uint64_t kDiskBytesMin = uint64_t{1} << 30;

EndpointSettings SettingsOf(const Project& project, const ConnectionConfig& connection,
                            const std::shared_ptr<const void>& endpoint) {
  return {connection.options.get(), endpoint.get(), project.folder()};
}

void TryDisk(const Project& project, Findings& findings) {
  // The nearest folder that is there: nothing is made.
  std::filesystem::path folder = project.spill_folder();
  std::error_code error;
  while (!std::filesystem::exists(folder, error) && folder.has_parent_path() &&
         folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error) {
    return findings.Fail("disk", Internal(fmt::format("{}: {}", folder.string(), error.message())));
  }
  const std::string detail =
      fmt::format("{} free at {}", HumanBytes(space.available), folder.string());
  if (space.available >= kDiskBytesMin) return findings.Ok("disk", detail);
  findings.Warn("disk", detail, "free some, or put `state.path` on a larger disk");
}

void TryFeed(const TableInfo& table, Findings& findings) {
  if (!table.change_feed) {
    return findings.Warn("change feed", "off: changes are found by comparing files",
                         "ALTER TABLE … SET TBLPROPERTIES (delta.enableChangeDataFeed = true)");
  }
  findings.Ok("change feed", table.change_feed_since
                                 ? fmt::format("on, from version {} to {}",
                                               *table.change_feed_since, table.version)
                                 : fmt::format("on, up to version {}", table.version));
}

void TryFeatures(const TableInfo& table, Findings& findings) {
  std::string names;
  for (const TableFeature& feature : table.features) {
    names += (names.empty() ? "" : ", ") + feature.name;
  }
  findings.Ok("table features", names.empty() ? "none" : names);
}

// The table as the pipeline reads it, with the mapping over it.
void TrySource(const Project& project, const PipelineConfig& pipeline,
               const Capabilities* capabilities, const CallContext& ctx, Findings& findings) {
  const ConnectionConfig& connection = *pipeline.source_connection;
  const auto source =
      connection.type->open_source(SettingsOf(project, connection, pipeline.source));
  if (!source.ok()) return findings.Fail("source", source.status());
  SnapshotRequest request;
  Result<std::vector<std::string>> columns = DocumentEncoder::ColumnsToRead(pipeline.documents);
  if (!columns.ok()) return findings.Fail("mapping", columns.status());
  request.columns = *std::move(columns);
  const auto snapshot = (*source)->OpenSnapshot(request, ctx);
  if (!snapshot.ok()) {
    const bool feature = snapshot.status().code() == StatusCode::kUnsupported;
    return findings.Fail(feature ? "table features" : "table", snapshot.status());
  }
  const TableInfo& table = (*snapshot)->info();
  findings.Ok("table", fmt::format("{}, version {}", table.location, table.version));
  TryFeatures(table, findings);
  TryFeed(table, findings);
  if (capabilities == nullptr) return findings.Skip("mapping", "the destination cannot be opened");
  const auto encoder =
      DocumentEncoder::Make(pipeline.documents, (*snapshot)->schema()->get(), *capabilities);
  if (!encoder.ok()) return findings.Fail("mapping", encoder.status());
  findings.Ok("mapping", "every column that it names is there");
}

}  // namespace

Diagnosis DiagnoseProject(const Project& project, const CallContext& ctx) {
  Diagnosis diagnosis;
  diagnosis.findings.Ok("configuration", project.path());
  TryDisk(project, diagnosis.findings);
  const Status state = CheckState(project, ctx);
  if (state.ok()) {
    diagnosis.findings.Ok(
        "state", project.remote_state() ? "in a container that answers" : project.state_path());
  } else {
    diagnosis.findings.Fail("state", state);
  }
  return diagnosis;
}

Diagnosis DiagnosePipeline(const Project& project, const PipelineConfig& pipeline,
                           const CallContext& ctx) {
  Diagnosis diagnosis;
  diagnosis.pipeline = pipeline.name;
  Findings& findings = diagnosis.findings;
  const ConnectionConfig& connection = *pipeline.destination_connection;
  const EndpointSettings settings = SettingsOf(project, connection, pipeline.destination);
  const auto destination = connection.type->open_destination(settings, pipeline.documents);
  TrySource(project, pipeline, destination.ok() ? &(*destination)->capabilities() : nullptr, ctx,
            findings);
  if (connection.type->diagnose_destination) {
    connection.type->diagnose_destination(settings, pipeline.documents, ctx, findings);
  } else if (const Status checked =
                 destination.ok() ? (*destination)->Check(ctx) : destination.status();
             checked.ok()) {
    findings.Ok("destination", connection.type->describe_destination(settings));
  } else {
    findings.Fail("destination", checked);
  }
  return diagnosis;
}

}  // namespace spillway
