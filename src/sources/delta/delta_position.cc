#include "sources/delta/delta_position.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "base/hash.h"
#include "base/json_writer.h"

namespace spillway {
namespace {

constexpr int64_t kFormat = 1;

using simdjson::dom::element;

bool ReadText(const element& root, const char* key, std::string& out) {
  std::string_view text;
  if (root[key].get(text) != simdjson::SUCCESS) return false;
  out = text;
  return true;
}

bool ReadObject(const element& root, const char* key, std::string& out) {
  element value;
  if (root[key].get(value) != simdjson::SUCCESS || !value.is_object()) return false;
  out = simdjson::minify(value);
  return true;
}

}  // namespace

Result<std::string> ToText(const DeltaPosition& position) {
  JsonWriter writer;
  writer.BeginObject()
      .Field("format", kFormat)
      .Field("version", position.version)
      .Field("table_id", position.table_id)
      .Field("fingerprint", position.fingerprint);
  writer.Key("protocol").Raw(position.protocol);
  writer.Key("metadata").Raw(position.metadata).EndObject();
  if (writer.text().size() < DeltaPosition::kTextBytesMax) return writer.text();
  return TooLarge(
      fmt::format("the schema and properties of version {} take more than {} bytes: "
                  "the table cannot be followed",
                  position.version, DeltaPosition::kTextBytesMax));
}

Result<DeltaPosition> ParsePosition(std::string_view text) {
  simdjson::dom::parser parser;
  element root;
  DeltaPosition position;
  int64_t format = 0;
  const bool is_ours = parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS &&
                       root["format"].get(format) == simdjson::SUCCESS && format == kFormat &&
                       root["version"].get(position.version) == simdjson::SUCCESS &&
                       position.version >= 0 && ReadText(root, "table_id", position.table_id) &&
                       ReadText(root, "fingerprint", position.fingerprint) &&
                       ReadObject(root, "protocol", position.protocol) &&
                       ReadObject(root, "metadata", position.metadata);
  if (is_ours) return position;
  return InvalidArgument(
             "the position is none of a Delta table, or of another version of this "
             "program")
      .WithHint("Load the table anew with --resync.");
}

std::string CommitFingerprint(std::string_view content) {
  const Hash128 hash = Murmur3x64_128(content);
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

}  // namespace spillway
