#include "app/share_group.h"

#include <fmt/format.h>

#include <utility>

#include "app/pipeline.h"
#include "throughput/share_folder.h"

namespace spillway {
namespace {

std::string At(const PipelineConfig& pipeline) {
  return fmt::format("pipelines.{}.throughput.group", pipeline.name);
}

}  // namespace

Result<std::unique_ptr<ShareBoard>> OpenShareBoard(const Project& project,
                                                   const PipelineConfig& pipeline) {
  const GroupSection& group = pipeline.throughput.group;
  if (group.name.empty()) {
    return MakeShareFolder(project.shares_folder(), TargetOf(project, pipeline), SystemClock());
  }
  const ConnectionConfig& control = *pipeline.group_connection;
  const ShareGroup wanted{.name = group.name,
                          .control = {group.database, group.container},
                          .units_per_second = pipeline.throughput.limit.units_per_second,
                          .share = pipeline.throughput.limit.share};
  Result<std::unique_ptr<ShareBoard>> board =
      control.type->open_share_board({control.options.get(), nullptr, project.folder()}, wanted,
                                     {pipeline.destination_connection->options.get(),
                                      pipeline.destination.get(), project.folder()});
  if (!board.ok()) return std::move(board).status().WithContext(At(pipeline));
  return board;
}

Status CheckShareBoard(const Project& project, const PipelineConfig& pipeline,
                       const CallContext& ctx) {
  if (pipeline.throughput.group.name.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const std::unique_ptr<ShareBoard> board, OpenShareBoard(project, pipeline));
  return board->Check(ctx).WithContext(At(pipeline));
}

}  // namespace spillway
