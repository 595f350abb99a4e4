#include "app/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "app/share_group.h"
#include "state/document_store.h"
#include "transforms/document_encoder.h"

namespace spillway {
namespace {

EndpointSettings SourceSettings(const Project& project, const PipelineConfig& pipeline) {
  return {pipeline.source_connection->options.get(), pipeline.source.get(), project.folder()};
}

EndpointSettings DestinationSettings(const Project& project, const PipelineConfig& pipeline) {
  return {pipeline.destination_connection->options.get(), pipeline.destination.get(),
          project.folder()};
}

std::string At(const PipelineConfig& pipeline, std::string_view part) {
  return fmt::format("pipelines.{}.{}", pipeline.name, part);
}

// `connection/table`, given that `connection` is one.
Result<std::unique_ptr<Source>> OpenConnectionTable(const Project& project,
                                                    const std::string& target) {
  const size_t slash = target.find('/');
  const auto found = project.connections().find(target.substr(0, slash));
  if (slash == std::string::npos || found == project.connections().end()) {
    return std::unique_ptr<Source>();
  }
  const ConnectorType& type = *found->second.type;
  if (!type.open_named_source) {
    return InvalidArgument(fmt::format("connection `{}` has no tables", found->first));
  }
  return type.open_named_source({found->second.options.get(), nullptr, project.folder()},
                                target.substr(slash + 1));
}

Result<std::unique_ptr<Source>> OpenTarget(const Project* project, const std::string& target) {
  if (project != nullptr) {
    const auto pipeline = project->pipelines().find(target);
    if (pipeline != project->pipelines().end()) {
      const PipelineConfig& config = pipeline->second;
      return config.source_connection->type->open_source(SourceSettings(*project, config));
    }
    ASSIGN_OR_RETURN(std::unique_ptr<Source> table, OpenConnectionTable(*project, target));
    if (table != nullptr) return table;
  }
  for (const ConnectorType& connector : Connectors()) {
    if (connector.open_location) return connector.open_location(target);
  }
  return Unsupported("this build has no source that opens a path");
}

Status CheckMark(const Destination& destination, const PipelineConfig& pipeline) {
  if (!pipeline.documents.soft_delete.has_value()) return Status::Ok();
  const std::string& field = pipeline.documents.soft_delete->field;
  const std::vector<std::string>& reserved = destination.capabilities().limits.reserved_fields;
  if (std::find(reserved.begin(), reserved.end(), field) == reserved.end()) return Status::Ok();
  return InvalidArgument(fmt::format("{}: the field `{}` belongs to the destination",
                                     At(pipeline, "sync.mode.soft_delete.field"), field))
      .WithHint("name another, such as `deleted`");
}

Status CheckStamp(const Destination& destination, const PipelineConfig& pipeline) {
  const std::string& field = pipeline.documents.stamp_field;
  if (field.empty()) return Status::Ok();
  std::vector<std::string> taken = destination.capabilities().limits.reserved_fields;
  taken.emplace_back("id");
  for (const std::string& path : pipeline.documents.partition_key_paths) {
    if (!path.empty()) taken.push_back(path.substr(1, path.find('/', 1) - 1));
  }
  if (pipeline.documents.soft_delete.has_value()) {
    taken.push_back(pipeline.documents.soft_delete->field);
  }
  if (std::find(taken.begin(), taken.end(), field) == taken.end()) return Status::Ok();
  return InvalidArgument(fmt::format("{}: the field `{}` means something else already",
                                     At(pipeline, "stamp.field"), field))
      .WithHint("name another, such as `_spillway`");
}

Status CheckMode(const Destination& destination, const PipelineConfig& pipeline) {
  const std::vector<WriteMode>& modes = destination.capabilities().modes;
  if (std::find(modes.begin(), modes.end(), pipeline.sync.mode.write()) != modes.end())
    return Status::Ok();
  return InvalidArgument(fmt::format("{}: a destination of type {} does not know this mode",
                                     At(pipeline, "sync.mode"),
                                     pipeline.destination_connection->type->name))
      .WithHint("use `mode: mirror` or `mode: upsert`");
}

}  // namespace

Result<OpenedPipeline> OpenPipeline(const Project& project, const PipelineConfig& pipeline) {
  OpenedPipeline opened;
  opened.config = &pipeline;
  Result<std::unique_ptr<Source>> source =
      pipeline.source_connection->type->open_source(SourceSettings(project, pipeline));
  if (!source.ok()) return std::move(source).status().WithContext(At(pipeline, "source"));
  opened.source = *std::move(source);
  Result<std::unique_ptr<Destination>> destination =
      pipeline.destination_connection->type->open_destination(
          DestinationSettings(project, pipeline), pipeline.documents);
  if (!destination.ok()) {
    return std::move(destination).status().WithContext(At(pipeline, "destination"));
  }
  opened.destination = *std::move(destination);
  RETURN_IF_ERROR(CheckMode(*opened.destination, pipeline));
  RETURN_IF_ERROR(CheckMark(*opened.destination, pipeline));
  RETURN_IF_ERROR(CheckStamp(*opened.destination, pipeline));
  return opened;
}

namespace {

Result<std::unique_ptr<DocumentTable>> OpenStateTable(const Project& project) {
  const RemoteState& state = *project.remote_state();
  Result<std::unique_ptr<DocumentTable>> table = state.connection->type->open_table(
      {state.connection->options.get(), nullptr, project.folder()}, state.place);
  if (!table.ok()) return std::move(table).status().WithContext("state");
  return table;
}

std::unique_ptr<StateStore> StoreOver(const Project& project,
                                      std::unique_ptr<DocumentTable> table) {
  return MakeDocumentStore(std::move(table), project.remote_state()->connection->type->name,
                           SystemClock());
}

}  // namespace

Result<std::unique_ptr<StateStore>> OpenState(const Project& project) {
  if (!project.remote_state().has_value()) {
    return OpenSqliteStore(project.state_path(), SystemClock());
  }
  ASSIGN_OR_RETURN(std::unique_ptr<DocumentTable> table, OpenStateTable(project));
  RETURN_IF_ERROR(table->Prepare({}).WithContext("state"));
  return StoreOver(project, std::move(table));
}

Result<std::unique_ptr<StateStore>> OpenStateIfThere(const Project& project) {
  if (project.remote_state().has_value()) {
    ASSIGN_OR_RETURN(std::unique_ptr<DocumentTable> table, OpenStateTable(project));
    Status there = table->Check({});
    if (there.code() == StatusCode::kNotFound) return std::unique_ptr<StateStore>();
    RETURN_IF_ERROR(std::move(there).WithContext("state"));
    return StoreOver(project, std::move(table));
  }
  std::error_code error;
  if (!std::filesystem::exists(project.state_path(), error)) return std::unique_ptr<StateStore>();
  return OpenState(project);
}

Status CheckState(const Project& project, const CallContext& ctx) {
  if (!project.remote_state().has_value()) return Status::Ok();
  ASSIGN_OR_RETURN(const std::unique_ptr<DocumentTable> table, OpenStateTable(project));
  Status there = table->Check(ctx);
  // The first run makes it.
  if (there.code() == StatusCode::kNotFound) return Status::Ok();
  return std::move(there).WithContext("state");
}

std::string TargetOf(const Project& project, const PipelineConfig& pipeline) {
  return pipeline.destination_connection->type->describe_destination(
      DestinationSettings(project, pipeline));
}

Result<TableInfo> InspectTable(const Project* project, const std::string& target,
                               const VersionSelector& at, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, OpenTarget(project, target));
  SnapshotRequest request;
  request.at = at;
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot, source->OpenSnapshot(request, ctx));
  return snapshot->info();
}

Status CheckPipeline(const Project& project, const PipelineConfig& pipeline,
                     const CallContext& ctx) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline));
  SnapshotRequest request;
  ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(pipeline.documents));
  ASSIGN_OR_RETURN(request.filter, DocumentEncoder::Filter(pipeline.documents));
  Result<std::unique_ptr<Snapshot>> snapshot = opened.source->OpenSnapshot(request, ctx);
  if (!snapshot.ok()) return std::move(snapshot).status().WithContext(At(pipeline, "source"));
  const auto encoder = DocumentEncoder::Make(pipeline.documents, (*snapshot)->schema()->get(),
                                             opened.destination->capabilities());
  if (!encoder.ok()) return encoder.status();
  RETURN_IF_ERROR(opened.destination->Check(ctx).WithContext(At(pipeline, "destination")));
  return CheckShareBoard(project, pipeline, ctx);
}

namespace {

Status NeedsContainer(const std::string& connection) {
  return InvalidArgument(fmt::format("a query of connection `{}` needs a container", connection))
      .WithHint(fmt::format("spillway query {}/CONTAINER \"SELECT * FROM c\"", connection));
}

}  // namespace

Result<std::unique_ptr<QueryRows>> QueryTarget(const Project& project, const std::string& target,
                                               const std::string& sql) {
  const size_t slash = target.find('/');
  const std::string name = slash == std::string::npos ? std::string() : target.substr(slash + 1);
  EndpointSettings settings{nullptr, nullptr, project.folder()};
  const ConnectionConfig* connection = nullptr;
  if (slash == std::string::npos) {
    const Result<const PipelineConfig*> pipeline = project.FindPipeline(target);
    if (!pipeline.ok() && project.FindConnection(target).ok()) return NeedsContainer(target);
    if (!pipeline.ok()) return pipeline.status();
    connection = (*pipeline)->destination_connection;
    settings.endpoint = (*pipeline)->destination.get();
  } else {
    ASSIGN_OR_RETURN(connection, project.FindConnection(target.substr(0, slash)));
  }
  if (!connection->type->query) {
    return InvalidArgument(fmt::format("connection `{}` ({}) answers no queries", connection->name,
                                       connection->type->name))
        .WithHint("ask a connection of type cosmosdb: spillway query CONNECTION/CONTAINER SQL");
  }
  if (settings.endpoint == nullptr && name.empty()) return NeedsContainer(connection->name);
  settings.connection = connection->options.get();
  return connection->type->query(settings, name, sql);
}

Result<std::optional<ThroughputLimit>> LimitSetFor(StateStore& state, std::string_view pipeline) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, state.ThroughputLimitOf(pipeline));
  if (!text.has_value()) return std::optional<ThroughputLimit>();
  Result<ThroughputLimit> limit = ParseThroughputLimit(*text);
  if (!limit.ok())
    return DataLoss(fmt::format("the limit that was set for {} cannot be read: {}", pipeline,
                                limit.status().message()));
  return std::optional(*std::move(limit));
}

Result<std::vector<PipelineState>> ProjectState(const Project& project) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  std::vector<PipelineState> all;
  for (const auto& [name, pipeline] : project.pipelines()) {
    PipelineState& one = all.emplace_back();
    one.name = name;
    if (state == nullptr) continue;
    ASSIGN_OR_RETURN(one.checkpoint, state->LoadCheckpoint(name));
    ASSIGN_OR_RETURN(std::vector<RunRecord> runs, state->Runs(name, 1));
    if (!runs.empty()) one.last_run = std::move(runs.front());
    ASSIGN_OR_RETURN(const std::vector<ReasonCount> reasons, state->RejectedByReason(name));
    for (const ReasonCount& reason : reasons) one.rejected += reason.rows;
    ASSIGN_OR_RETURN(const std::optional<std::string> tuning, state->TuningOf(name));
    one.to_restore = tuning.has_value();
  }
  return all;
}

}  // namespace spillway
