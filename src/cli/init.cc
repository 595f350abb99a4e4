#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string_view>

#include "app/scaffold.h"
#include "app/schema.h"
#include "base/json_writer.h"
#include "cli/command.h"

namespace spillway {
namespace {

Status WriteNew(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return file ? Status::Ok() : NotFound(fmt::format("cannot write {}", path.string()));
}

}  // namespace

Status RunInit(const InitArguments& arguments, CommandContext& context) {
  const std::filesystem::path folder = arguments.folder;
  const std::filesystem::path file = folder / kProjectFileName;
  std::error_code error;
  if (std::filesystem::exists(file, error) && !arguments.force) {
    return InvalidArgument(fmt::format("{} is there already", file.string()))
        .WithHint("spillway check, or spillway init --force to replace it");
  }
  std::filesystem::create_directories(folder, error);
  RETURN_IF_ERROR(WriteNew(folder / "spillway.schema.json", ProjectSchema()));
  RETURN_IF_ERROR(WriteNew(file, ProjectScaffold()));
  if (context.console.json()) {
    JsonWriter json;
    context.console.Print(json.BeginObject().Field("config", file.string()).EndObject().text());
    return Status::Ok();
  }
  context.console.Print(fmt::format("wrote {} and its schema for editors", file.string()));
  context.console.Print(
      "next: name your table and container in it, then `spillway check --connect`");
  return Status::Ok();
}

}  // namespace spillway
