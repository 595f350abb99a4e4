#include "emulator/service/partition_key.h"

#include <algorithm>

#include "emulator/json/value.h"

namespace spillway::emulator {
namespace {

using cosmosdb::KeyComponent;
using cosmosdb::NullKey;
using cosmosdb::UndefinedKey;

ScannedValue FromJson(const Value& value) {
  switch (value.type()) {
    case Value::Type::kUndefined:
      return UndefinedKey{};
    case Value::Type::kNull:
      return NullKey{};
    case Value::Type::kBool:
      return value.boolean();
    case Value::Type::kNumber:
      return value.number();
    case Value::Type::kString:
      return value.string();
    // `{}` stands for an absent value.
    case Value::Type::kObject:
      return value.object().empty() ? ScannedValue(UndefinedKey{}) : CompositeValue{};
    case Value::Type::kArray:
      return CompositeValue{};
  }
  return UndefinedKey{};
}

KeyComponent Component(const ScannedValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return std::string_view(*text);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
  if (std::holds_alternative<NullKey>(value)) return NullKey{};
  return UndefinedKey{};
}

// `["plain"]`, by far the most common key, without a JSON parser.
bool IsOnePlainString(std::string_view json) {
  return json.size() >= 4 && json.starts_with("[\"") && json.ends_with("\"]") &&
         std::none_of(json.begin() + 2, json.end() - 2, [](char c) {
           return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
         });
}

}  // namespace

Outcome<KeyValues> ParseKeyValues(std::string_view json) {
  if (IsOnePlainString(json)) return KeyValues{std::string(json.substr(2, json.size() - 4))};
  const Result<Value> parsed = ParseJson(json);
  const auto invalid = [&] {
    return BadRequest("The partition key '" + std::string(json) +
                      "' is not a JSON array of values.");
  };
  if (!parsed.ok() || !parsed->is_array()) return invalid();
  KeyValues values;
  for (const Value& value : parsed->array()) {
    values.push_back(FromJson(value));
    if (std::holds_alternative<CompositeValue>(values.back())) return invalid();
  }
  return values;
}

Outcome<KeyValues> KeyOfDocument(const ScannedDocument& document,
                                 const ContainerSettings& settings) {
  KeyValues values(
      document.watched.begin(),
      document.watched.begin() + static_cast<std::ptrdiff_t>(settings.partition_key_paths.size()));
  for (const ScannedValue& value : values) {
    if (std::holds_alternative<CompositeValue>(value)) {
      return BadRequest("The partition key of a document cannot be an object or an array.");
    }
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && text->size() > kKeyBytesMax) {
      return BadRequest("The partition key is longer than " + std::to_string(kKeyBytesMax) +
                        " bytes.");
    }
  }
  return values;
}

std::string EpkOf(const KeyValues& values, const ContainerSettings& settings) {
  std::vector<KeyComponent> components;
  components.reserve(values.size());
  for (const ScannedValue& value : values) components.push_back(Component(value));
  return cosmosdb::Epk(settings.hash_kind, components);
}

bool SameKey(const KeyValues& a, const KeyValues& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const ScannedValue& x, const ScannedValue& y) { return Component(x) == Component(y); });
}

std::string KeyText(const KeyValues& values) {
  Array array;
  for (const ScannedValue& value : values) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      array.emplace_back(*text);
    } else if (const auto* number = std::get_if<double>(&value)) {
      array.emplace_back(*number);
    } else if (const auto* boolean = std::get_if<bool>(&value)) {
      array.emplace_back(*boolean);
    } else if (std::holds_alternative<NullKey>(value)) {
      array.emplace_back(Value::Null{});
    } else {
      array.emplace_back(Object{});
    }
  }
  return ToJson(std::move(array));
}

}  // namespace spillway::emulator
