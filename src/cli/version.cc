#include "base/json_writer.h"
#include "cli/command.h"

namespace spillway {

Status RunVersion(const VersionArguments&, CommandContext& context) {
  if (context.console.json()) {
    JsonWriter json;
    context.console.Print(json.BeginObject().Field("version", SPILLWAY_VERSION).EndObject().text());
  } else {
    context.console.Print("spillway " SPILLWAY_VERSION);
  }
  return Status::Ok();
}

}  // namespace spillway
