#include "json/document_key.h"

#include <fmt/format.h>

#include "json/json_buffer.h"
#include "json/json_tree.h"
#include "json/number_text.h"

namespace spillway {
namespace {

// nullptr: absent.
Status AppendComponent(const JsonNode* value, JsonBuffer* out) {
  out->Ensure(kNumberBytesMax);
  if (value == nullptr) {
    out->PutText("{},");
    return Status::Ok();
  }
  switch (value->kind) {
    case JsonNode::Kind::kNull:
      out->PutText("null");
      break;
    case JsonNode::Kind::kFalse:
      out->PutText("false");
      break;
    case JsonNode::Kind::kTrue:
      out->PutText("true");
      break;
    case JsonNode::Kind::kNumber:
      out->set_end(WriteDouble(value->number, out->end()));
      break;
    case JsonNode::Kind::kString:
      out->AppendString(value->text);
      break;
    case JsonNode::Kind::kObject:
      if (!value->members.empty()) return DataLoss("an object as a partition key value");
      out->PutText("{}");
      break;
    case JsonNode::Kind::kArray:
      return DataLoss("an array as a partition key value");
  }
  out->Append(",");
  return Status::Ok();
}

const JsonNode* FindPath(const JsonNode& document, const std::vector<std::string>& names) {
  const JsonNode* at = &document;
  for (const std::string& name : names) {
    at = at->Find(name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

// One name of a path: in quotes, or up to the next slash. Advances `rest` past it.
Result<std::string> TakeName(std::string_view path, std::string_view* rest) {
  const auto broken = [&] {
    return InvalidArgument(fmt::format("partition key path \"{}\" is not like /name/name", path));
  };
  if (!rest->starts_with('/')) return broken();
  rest->remove_prefix(1);
  const bool quoted = rest->starts_with('"');
  if (quoted) rest->remove_prefix(1);
  const size_t end = quoted ? rest->find('"') : std::min(rest->find('/'), rest->size());
  if (end == std::string_view::npos || end == 0) return broken();
  std::string name(rest->substr(0, end));
  rest->remove_prefix(end + (quoted ? 1 : 0));
  return name;
}

}  // namespace

Hash128 DocumentIdentity(std::string_view partition_key, std::string_view id) {
  std::string key;
  key.reserve(partition_key.size() + 1 + id.size());
  key.append(partition_key).push_back(kKeySeparator);
  key.append(id);
  return Murmur3x64_128(key);
}

Result<std::string> CanonicalPartitionKey(std::string_view json_array) {
  ASSIGN_OR_RETURN(const JsonNode array, ParseJsonTree(json_array));
  if (array.kind != JsonNode::Kind::kArray) return DataLoss("a partition key that is not an array");
  std::string text;
  JsonBuffer out(&text);
  out.Append("[");
  for (const JsonNode& element : array.elements) RETURN_IF_ERROR(AppendComponent(&element, &out));
  out.Ensure(1);
  out.Close(']');
  out.Finish();
  return text;
}

Result<std::string> PartitionKeyOf(std::string_view json_document,
                                   std::span<const std::string> paths) {
  ASSIGN_OR_RETURN(const JsonNode document, ParseJsonTree(json_document));
  std::string text;
  JsonBuffer out(&text);
  out.Append("[");
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, ParsePartitionKeyPath(path));
    RETURN_IF_ERROR(AppendComponent(FindPath(document, names), &out));
  }
  out.Ensure(1);
  out.Close(']');
  out.Finish();
  return text;
}

Result<std::vector<std::string>> ParsePartitionKeyPath(std::string_view path) {
  std::vector<std::string> names;
  std::string_view rest = path;
  do {
    ASSIGN_OR_RETURN(std::string name, TakeName(path, &rest));
    names.push_back(std::move(name));
  } while (!rest.empty());
  return names;
}

}  // namespace spillway
