#include "app/scaffold.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <sstream>
#include <string_view>

#include "app/project_spec.h"
#include "connectors.h"

namespace spillway {
namespace {

constexpr size_t kWidth = 100;

using Values = std::map<std::string, std::string>;

// The doc as comment lines of at most kWidth characters.
void WriteComment(std::string& out, const std::string& indent, const std::string& doc) {
  std::istringstream words(doc);
  std::string line = indent + "#";
  std::string word;
  while (words >> word) {
    if (line.size() + 1 + word.size() > kWidth) {
      out += line + '\n';
      line = indent + "#";
    }
    line += ' ' + word;
  }
  out += line + '\n';
}

// Keys with a value of ours are set; the others stand as comments. `sections` are written
// elsewhere.
void WriteKeys(std::string& out, size_t depth, const ObjectSpec& spec, const Values& values,
               const std::set<std::string>& sections = {}) {
  const std::string indent(depth * 2, ' ');
  for (const FieldSpec& field : spec.fields()) {
    if (field.is_later() || sections.contains(field.name)) continue;
    const auto value = values.find(field.name);
    const bool given = value != values.end();
    const std::string& fallback = field.default_text.empty() ? field.example : field.default_text;
    if (!given && fallback.empty()) continue;
    WriteComment(out, indent, field.doc);
    out += given ? fmt::format("{}{}: {}\n", indent, field.name, value->second)
                 : fmt::format("{}# {}: {}\n", indent, field.name, fallback);
  }
}

void WriteConnection(std::string& out, const std::string& name, std::string_view type,
                     const Values& values) {
  const ConnectorType* connector = FindConnector(type);
  if (connector == nullptr) return;
  WriteComment(out, "  ", connector->doc);
  out += fmt::format("  {}:\n    type: {}\n", name, type);
  WriteKeys(out, 2, *connector->connection.spec, values);
}

void WriteEndpoint(std::string& out, const std::string& role, const ObjectSpec& common,
                   const ObjectSpec& own, const Values& values) {
  out += fmt::format("    {}:\n", role);
  WriteKeys(out, 3, common, values);
  WriteKeys(out, 3, own, values);
}

}  // namespace

std::string ProjectScaffold() {
  std::string out =
      "# yaml-language-server: $schema=./spillway.schema.json\n"
      "# What spillway moves, from where to where. `spillway check` reads this file; every key is "
      "in\n"
      "# the reference. Keys behind a `#` show their default or an example.\n"
      "version: 1\n\n"
      "connections:\n";
  WriteConnection(out, "lake", "delta", {{"root", "./lake"}});
  out += '\n';
  WriteConnection(
      out, "shop", "cosmosdb",
      {{"endpoint", "http://localhost:8081/"}, {"database", "cosmicworks"}, {"auth", "emulator"}});
  out += '\n';
  WriteKeys(out, 0, ProjectSpec(), {}, {"version", "connections", "pipelines"});
  out += '\n';
  out += "pipelines:\n  products:\n";
  WriteEndpoint(out, "source", SourceSpec(), *FindConnector("delta")->source.spec,
                {{"connection", "lake"}, {"table", "products"}});
  WriteEndpoint(out, "destination", DestinationSpec(), *FindConnector("cosmosdb")->destination.spec,
                {{"connection", "shop"},
                 {"container", "products"},
                 {"id", "id"},
                 {"partition_key", "/category"}});
  WriteKeys(out, 2, PipelineSpec(), {}, {"source", "destination", "sync"});
  out += "    sync:\n";
  WriteKeys(out, 3, SyncSpec(), {{"mode", "mirror"}});
  return out;
}

}  // namespace spillway
