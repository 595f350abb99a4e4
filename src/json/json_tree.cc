#include "json/json_tree.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <utility>

namespace spillway {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// `Value` is a document or a value inside it.
template <typename Value>
error_code Read(Value&& value, JsonNode* out);

error_code ReadArray(ondemand::array array, JsonNode* out) {
  out->kind = JsonNode::Kind::kArray;
  for (auto element : array) {
    ondemand::value value;
    if (const error_code error = element.get(value)) return error;
    if (const error_code error = Read(value, &out->elements.emplace_back())) return error;
  }
  return simdjson::SUCCESS;
}

error_code ReadObject(ondemand::object object, JsonNode* out) {
  out->kind = JsonNode::Kind::kObject;
  for (auto member : object) {
    ondemand::field field;
    if (const error_code error = std::move(member).get(field)) return error;
    std::string_view key;
    if (const error_code error = field.unescaped_key().get(key)) return error;
    auto& entry = out->members.emplace_back(std::string(key), JsonNode());
    if (const error_code error = Read(field.value(), &entry.second)) return error;
  }
  return simdjson::SUCCESS;
}

error_code ReadScalar(ondemand::value value, ondemand::json_type type, JsonNode* out) {
  if (type == ondemand::json_type::number) {
    out->kind = JsonNode::Kind::kNumber;
    return value.get_double().get(out->number);
  }
  if (type == ondemand::json_type::string) {
    out->kind = JsonNode::Kind::kString;
    std::string_view text;
    const error_code error = value.get_string().get(text);
    if (!error) out->text = text;
    return error;
  }
  if (type == ondemand::json_type::boolean) {
    bool flag = false;
    const error_code error = value.get_bool().get(flag);
    out->kind = flag ? JsonNode::Kind::kTrue : JsonNode::Kind::kFalse;
    return error;
  }
  out->kind = JsonNode::Kind::kNull;
  bool is_null = false;
  if (const error_code error = value.is_null().get(is_null)) return error;
  return is_null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
}

template <typename Value>
error_code Read(Value&& value, JsonNode* out) {
  ondemand::json_type type;
  if (const error_code error = value.type().get(type)) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (const error_code error = value.get_object().get(object)) return error;
    return ReadObject(object, out);
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const error_code error = value.get_array().get(array)) return error;
    return ReadArray(array, out);
  }
  if constexpr (std::is_same_v<std::remove_cvref_t<Value>, ondemand::document>) {
    return simdjson::INCORRECT_TYPE;
  } else {
    return ReadScalar(value, type, out);
  }
}

error_code ReadDocument(std::string_view json, JsonNode* out) {
  ondemand::parser parser;
  const simdjson::padded_string padded(json);
  ondemand::document document;
  if (const error_code error = parser.iterate(padded).get(document)) return error;
  if (const error_code error = Read(document, out)) return error;
  // Out of bounds: nothing follows the value.
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return at_end ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
}

}  // namespace

const JsonNode* JsonNode::Find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

Result<JsonNode> ParseJsonTree(std::string_view json) {
  JsonNode root;
  const error_code error = ReadDocument(json, &root);
  if (error == simdjson::SUCCESS) return root;
  return DataLoss(fmt::format("not a JSON object or array: {}", simdjson::error_message(error)));
}

}  // namespace spillway
