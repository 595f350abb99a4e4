#include "app/switch_place.h"

#include <fmt/format.h>

#include <utility>

namespace spillway {

std::string BaseContainer(const Project& project, const PipelineConfig& pipeline) {
  const ConnectionConfig& connection = *pipeline.destination_connection;
  return connection.type->container_name(
      {connection.options.get(), pipeline.destination.get(), project.folder()});
}

Result<std::unique_ptr<GenerationTable>> OpenGenerations(const Project& project,
                                                         const PipelineConfig& pipeline) {
  const ConnectionConfig& connection = *pipeline.destination_connection;
  const PointerSection& pointer = pipeline.sync.switching.pointer;
  Result<std::unique_ptr<DocumentTable>> table = connection.type->open_table(
      {connection.options.get(), nullptr, project.folder()}, {{}, pointer.container});
  if (!table.ok()) {
    return std::move(table).status().WithContext(
        fmt::format("pipelines.{}.sync.switch.pointer", pipeline.name));
  }
  const std::string id = pointer.id.empty() ? BaseContainer(project, pipeline) : pointer.id;
  return std::make_unique<GenerationTable>(*std::move(table), id, SystemClock());
}

Result<ContainerPlace> LivePlace(const Project& project, const PipelineConfig& pipeline,
                                 const CallContext& ctx) {
  if (pipeline.sync.strategy != StrategyKind::kSwitch) return ContainerPlace{};
  ASSIGN_OR_RETURN(const std::unique_ptr<GenerationTable> table,
                   OpenGenerations(project, pipeline));
  ASSIGN_OR_RETURN(const SwitchStand stand, table->Read(ctx));
  if (!stand.live().empty()) return ContainerPlace{stand.live(), {}};
  return ContainerPlace{GenerationName(BaseContainer(project, pipeline), stand.list.last + 1), {}};
}

}  // namespace spillway
