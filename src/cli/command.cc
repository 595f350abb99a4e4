#include "cli/command.h"

namespace spillway {

Result<std::unique_ptr<Project>> OpenProject(const CommandContext& context) {
  std::string path = context.config;
  if (path.empty()) {
    ASSIGN_OR_RETURN(path, FindProjectFile("."));
  }
  Result<std::unique_ptr<Project>> project = Project::Load(path);
  if (!project.ok() && project.status().code() == StatusCode::kNotFound) {
    return std::move(project).status().WithHint("spillway init");
  }
  return project;
}

}  // namespace spillway
