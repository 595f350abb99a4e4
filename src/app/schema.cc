#include "app/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "app/project_spec.h"
#include "connectors.h"

namespace spillway {
namespace {

void WriteNames(JsonWriter& json) {
  json.Field("type", "object").Key("propertyNames").BeginObject();
  json.Field("pattern", "^[A-Za-z0-9_-]{1,64}$").EndObject();
}

// What every connector of a role adds is allowed: which one it is, only the loader can tell.
void WriteEndpointSchema(JsonWriter& json, const ObjectSpec& common,
                         OptionsType ConnectorType::*role) {
  std::vector<const ObjectSpec*> specs = {&common};
  for (const ConnectorType& connector : Connectors()) {
    if ((connector.*role).spec != nullptr) specs.push_back((connector.*role).spec);
  }
  WriteObjectSchema(json, specs, /*only_shared=*/true);
}

// A cell of a Markdown table.
std::string Cell(std::string text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string Code(const std::string& text) {
  return text.empty() ? "" : fmt::format("`{}`", Cell(text));
}

// Table of one spec's keys, then a section for each nested one.
void WriteKeys(std::string& out, const ObjectSpec& spec, const std::string& where) {
  out += "| key | value | default | what it does |\n|---|---|---|---|\n";
  for (const FieldSpec& field : spec.fields()) {
    if (field.is_later()) continue;
    std::string doc = field.doc;
    for (const WordDoc& word : field.type->words()) {
      if (!word.doc.empty()) doc += fmt::format("<br>`{}`: {}", word.text, word.doc);
    }
    if (!field.example.empty()) doc += fmt::format("<br>Example: `{}`", field.example);
    out += fmt::format("| `{}` | {} | {} | {} |\n", field.name, Cell(field.type->Describe()),
                       field.required ? "required" : Code(field.default_text), Cell(doc));
  }
  out += '\n';
  for (const FieldSpec& field : spec.fields()) {
    if (field.is_later() || field.type->nested() == nullptr) continue;
    std::string path = JoinPath(where, field.name);
    if (field.type->is_named_map()) path += ".<name>";
    out += fmt::format("#### `{}`\n\n{}\n\n", path, field.type->nested()->doc());
    WriteKeys(out, *field.type->nested(), path);
  }
}

void WriteSection(std::string& out, std::string_view heading, const ObjectSpec& spec,
                  const std::string& where) {
  out += fmt::format("{}\n\n{}\n\n", heading, spec.doc());
  WriteKeys(out, spec, where);
}

void WriteLater(std::string& out, const ObjectSpec& spec, const std::string& where) {
  for (const FieldSpec& field : spec.fields()) {
    const std::string path = JoinPath(where, field.name);
    if (field.is_later()) {
      out += fmt::format("| `{}` | {} |\n", path, Cell(field.later_advice));
    } else if (field.type->nested() != nullptr) {
      WriteLater(out, *field.type->nested(), path);
    }
  }
}

void WriteConnectorSections(std::string& out, OptionsType ConnectorType::*role,
                            std::string_view title, const std::string& where) {
  for (const ConnectorType& connector : Connectors()) {
    const ObjectSpec* spec = (connector.*role).spec;
    if (spec == nullptr) continue;
    WriteSection(out, fmt::format("### {} `{}`", title, connector.name), *spec, where);
  }
}

}  // namespace

void WriteConnectionsSchema(JsonWriter& json) {
  WriteNames(json);
  json.Key("additionalProperties").BeginObject().Key("anyOf").BeginArray();
  for (const ConnectorType& connector : Connectors()) {
    json.BeginObject().Field("type", "object").Field("description", connector.doc);
    json.Key("allOf").BeginArray().BeginObject().Key("properties").BeginObject();
    json.Key("type").BeginObject().Field("const", connector.name).EndObject();
    json.EndObject().EndObject().EndArray();
    const ObjectSpec* const specs[] = {&ConnectionSpec(), connector.connection.spec};
    WriteObjectSchema(json, specs, /*only_shared=*/false);
    json.EndObject();
  }
  json.EndArray().EndObject();
}

void WritePipelinesSchema(JsonWriter& json) {
  WriteNames(json);
  json.Key("additionalProperties").BeginObject();
  PipelineSpec().WriteSchema(json);
  json.EndObject();
}

void WriteSourceSchema(JsonWriter& json) {
  WriteEndpointSchema(json, SourceSpec(), &ConnectorType::source);
}

void WriteDestinationSchema(JsonWriter& json) {
  WriteEndpointSchema(json, DestinationSpec(), &ConnectorType::destination);
}

std::string ProjectSchema() {
  JsonWriter json(2);
  json.BeginObject();
  json.Field("$schema", "http://json-schema.org/draft-07/schema#");
  json.Field("title", "spillway.yaml");
  ProjectSpec().WriteSchema(json);
  json.EndObject();
  return json.text() + "\n";
}

std::string ConfigurationReference() {
  std::string out =
      "# Configuration\n\n"
      "Every key of `spillway.yaml`. Generated from the program by `spillway docs`; the same text "
      "makes "
      "[the JSON Schema](spillway.schema.json) for editors.\n\n"
      "Secrets are references, `{env: NAME}` or `{file: path}`, never text. Sizes are written with "
      "a unit "
      "(`256MiB`), durations too (`24h`), shares in percent (`10%`). Duplicate keys, unknown keys, "
      "YAML "
      "anchors, aliases and tags are errors.\n\n";
  WriteSection(out, "## The file", ProjectSpec(), "");
  WriteSection(out, "## `connections.<name>`", ConnectionSpec(), "connections.<name>");
  for (const ConnectorType& connector : Connectors()) {
    out += fmt::format("### Connections of type `{}`\n\n{}\n\n", connector.name, connector.doc);
    WriteKeys(out, *connector.connection.spec, "connections.<name>");
  }
  WriteSection(out, "## `pipelines.<name>`", PipelineSpec(), "pipelines.<name>");
  WriteSection(out, "## `pipelines.<name>.source`", SourceSpec(), "source");
  WriteConnectorSections(out, &ConnectorType::source, "Sources of type", "source");
  WriteSection(out, "## `pipelines.<name>.destination`", DestinationSpec(), "destination");
  WriteConnectorSections(out, &ConnectorType::destination, "Destinations of type", "destination");
  out +=
      "## Not supported by this version\n\nThese keys are refused, never ignored.\n\n"
      "| key | meanwhile |\n|---|---|\n";
  WriteLater(out, ProjectSpec(), "");
  WriteLater(out, PipelineSpec(), "pipelines.<name>");
  for (const ConnectorType& connector : Connectors()) {
    WriteLater(out, *connector.connection.spec, "connections.<name>");
  }
  return out;
}

}  // namespace spillway
