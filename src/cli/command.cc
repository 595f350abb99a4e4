#include "cli/command.h"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace spillway {

Result<std::unique_ptr<Project>> OpenProject(const CommandContext& context) {
  std::string path = context.config;
  if (path.empty()) {
    const std::optional<std::string> found = FindProjectFile(".");
    if (!found) {
      return InvalidArgument(
                 fmt::format("there is no {} in this folder or above it", kProjectFileName))
          .WithHint("spillway init");
    }
    path = *found;
  }
  return Project::Load(path, {.allow_inline_secrets = context.allow_inline_secrets});
}

}  // namespace spillway
