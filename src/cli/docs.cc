#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string_view>

#include "app/schema.h"
#include "cli/command.h"

namespace spillway {
namespace {

Status WriteText(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Unavailable(fmt::format("cannot write {}", path.string()));
  return Status::Ok();
}

}  // namespace

Status RunDocs(const DocsArguments& arguments, CommandContext& context) {
  const std::filesystem::path folder = arguments.folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  RETURN_IF_ERROR(WriteText(folder / "configuration.md", ConfigurationReference()));
  RETURN_IF_ERROR(WriteText(folder / "spillway.schema.json", ProjectSchema()));
  RETURN_IF_ERROR(WriteText(folder / "cli.md", CommandReference()));
  context.console.Print(fmt::format("wrote the reference to {}", folder.string()));
  return Status::Ok();
}

}  // namespace spillway
