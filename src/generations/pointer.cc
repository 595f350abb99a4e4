#include "generations/pointer.h"

#include <fmt/format.h>

#include <chrono>

#include "base/clock.h"
#include "base/json_writer.h"
#include "connector/document_table.h"
#include "json/json_tree.h"

namespace spillway {
namespace {

std::string TimeText(int64_t utc_ms) {
  return FormatUtc(WallTime(std::chrono::milliseconds(utc_ms)));
}

std::string TextMember(const JsonNode& object, std::string_view name) {
  const JsonNode* const member = object.Find(name);
  return member != nullptr && member->kind == JsonNode::Kind::kString ? member->text
                                                                      : std::string();
}

int64_t IntMember(const JsonNode& object, std::string_view name) {
  const JsonNode* const member = object.Find(name);
  const bool number = member != nullptr && member->kind == JsonNode::Kind::kNumber;
  return number ? static_cast<int64_t>(member->number) : 0;
}

}  // namespace

std::string PointerDocument(std::string_view id, const Pointer& pointer) {
  JsonWriter json;
  json.BeginObject().Field(kTableId, id).Field(kTablePartition, id);
  json.Field("format", kPointerFormat).Field("container", pointer.container);
  if (!pointer.previous.empty()) {
    json.Field("previous", pointer.previous);
    json.Field("previous_until", TimeText(pointer.previous_until_ms));
    json.Field("previous_until_ms", pointer.previous_until_ms);
  }
  json.Field("table_version", pointer.version).Field("switched", TimeText(pointer.switched_ms));
  json.Field("switched_ms", pointer.switched_ms).Field("pipeline", pointer.pipeline);
  return json.Field("run", pointer.run).EndObject().text();
}

Result<Pointer> ParsePointer(std::string_view document) {
  ASSIGN_OR_RETURN(const JsonNode json, ParseJsonTree(document));
  const int64_t format = IntMember(json, "format");
  if (format > kPointerFormat) {
    return Unsupported(fmt::format("the pointer has format {}; this program knows formats up to {}",
                                   format, kPointerFormat))
        .WithHint("it was written by a newer Spillway: upgrade this one");
  }
  Pointer pointer;
  pointer.container = TextMember(json, "container");
  if (pointer.container.empty()) return DataLoss("the pointer names no container");
  pointer.previous = TextMember(json, "previous");
  pointer.previous_until_ms = IntMember(json, "previous_until_ms");
  pointer.version = IntMember(json, "table_version");
  pointer.switched_ms = IntMember(json, "switched_ms");
  pointer.pipeline = TextMember(json, "pipeline");
  pointer.run = IntMember(json, "run");
  return pointer;
}

}  // namespace spillway
