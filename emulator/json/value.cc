#include "emulator/json/value.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>

namespace spillway::emulator {
namespace {

const Value kUndefinedValue;

// Integers in this range have an exact double and are written without an exponent.
constexpr double kExactIntegerMax = 9007199254740992.0;

Value FromDom(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::NULL_VALUE:
      return Value::Null{};
    case element_type::BOOL:
      return element.get_bool().value_unsafe();
    case element_type::INT64:
      return static_cast<double>(element.get_int64().value_unsafe());
    case element_type::UINT64:
      return static_cast<double>(element.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return element.get_double().value_unsafe();
    case element_type::STRING:
      return element.get_string().value_unsafe();
    case element_type::ARRAY: {
      Array array;
      const simdjson::dom::array items = element.get_array().value_unsafe();
      for (const auto item : items) array.push_back(FromDom(item));
      return array;
    }
    case element_type::OBJECT: {
      Object object;
      const simdjson::dom::object fields = element.get_object().value_unsafe();
      for (const auto field : fields) {
        object.emplace_back(field.key, FromDom(field.value));
      }
      return object;
    }
  }
  return {};
}

bool SameObject(const Value& a, const Value& b) {
  if (a.object().size() != b.object().size()) return false;
  for (const auto& [name, value] : a.object()) {
    if (!(value == b[name])) return false;
  }
  return true;
}

}  // namespace

Array& Value::MutableArray() {
  auto& array = std::get<std::shared_ptr<Array>>(rep_);
  if (array.use_count() > 1) array = std::make_shared<Array>(*array);
  return *array;
}

Object& Value::MutableObject() {
  auto& object = std::get<std::shared_ptr<Object>>(rep_);
  if (object.use_count() > 1) object = std::make_shared<Object>(*object);
  return *object;
}

const Value& Value::operator[](std::string_view name) const {
  if (!is_object()) return kUndefinedValue;
  for (const auto& member : object()) {
    if (member.first == name) return member.second;
  }
  return kUndefinedValue;
}

const Value& Value::At(size_t index) const {
  return is_array() && index < array().size() ? array()[index] : kUndefinedValue;
}

Value* Value::FindMutable(std::string_view name) {
  for (auto& member : MutableObject()) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

void Value::Set(std::string_view name, Value value) {
  if (Value* found = FindMutable(name)) {
    *found = std::move(value);
  } else {
    MutableObject().emplace_back(std::string(name), std::move(value));
  }
}

bool Value::Erase(std::string_view name) {
  Object& members = MutableObject();
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.first == name; });
  if (found == members.end()) return false;
  members.erase(found);
  return true;
}

bool operator==(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Value::Type::kUndefined:
    case Value::Type::kNull:
      return true;
    case Value::Type::kBool:
      return a.boolean() == b.boolean();
    case Value::Type::kNumber:
      return a.number() == b.number();
    case Value::Type::kString:
      return a.string() == b.string();
    case Value::Type::kArray:
      return a.array() == b.array();
    case Value::Type::kObject:
      return SameObject(a, b);
  }
  return false;
}

Result<Value> ParseJson(std::string_view text) {
  if (text.empty()) return InvalidArgument("there is no JSON value");
  thread_local simdjson::dom::parser parser;
  if (parser.max_depth() != kNestingMax + 1) {
    if (parser.allocate(text.size() + 1, kNestingMax + 1)) return Internal("no memory to parse");
  }
  simdjson::dom::element element;
  const simdjson::error_code error = parser.parse(text.data(), text.size()).get(element);
  if (error) return InvalidArgument(simdjson::error_message(error));
  return FromDom(element);
}

void AppendJsonNumber(double number, std::string* out) {
  if (std::isnan(number) || std::isinf(number)) {
    // The query language can compute them; JSON has no word for them.
    out->append(std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else if (std::fabs(number) < kExactIntegerMax && std::trunc(number) == number) {
    fmt::format_to(std::back_inserter(*out), "{}", static_cast<int64_t>(number));
  } else {
    fmt::format_to(std::back_inserter(*out), "{}", number);
  }
}

void AppendJsonString(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      case '\b':
        out->append("\\b");
        break;
      case '\f':
        out->append("\\f");
        break;
      default:
        out->append("\\u00").append({kHex[c >> 4], kHex[c & 15]});
    }
  }
  out->append(text.substr(plain));
  out->push_back('"');
}

void AppendJson(const Value& value, std::string* out) {
  switch (value.type()) {
    case Value::Type::kUndefined:
    case Value::Type::kNull:
      out->append("null");
      return;
    case Value::Type::kBool:
      out->append(value.boolean() ? "true" : "false");
      return;
    case Value::Type::kNumber:
      AppendJsonNumber(value.number(), out);
      return;
    case Value::Type::kString:
      AppendJsonString(value.string(), out);
      return;
    case Value::Type::kArray: {
      char separator = '[';
      for (const Value& item : value.array()) {
        out->push_back(separator);
        AppendJson(item, out);
        separator = ',';
      }
      out->append(separator == '[' ? "[]" : "]");
      return;
    }
    case Value::Type::kObject: {
      char separator = '{';
      for (const auto& [name, member] : value.object()) {
        if (member.is_undefined()) continue;
        out->push_back(separator);
        AppendJsonString(name, out);
        out->push_back(':');
        AppendJson(member, out);
        separator = ',';
      }
      out->append(separator == '{' ? "{}" : "}");
      return;
    }
  }
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  if (text.empty() || simdjson::validate_utf8(text.data(), text.size())) return std::string(text);
  constexpr size_t kSequenceBytesMax = 4;
  std::string valid;
  for (size_t at = 0; at < text.size();) {
    size_t size = 1;
    while (size <= kSequenceBytesMax && at + size <= text.size() &&
           !simdjson::validate_utf8(text.data() + at, size)) {
      ++size;
    }
    const bool found = size <= kSequenceBytesMax && at + size <= text.size();
    valid.append(found ? text.substr(at, size) : "?");
    at += found ? size : 1;
  }
  return valid;
}

std::string ToJson(const Value& value) {
  std::string text;
  AppendJson(value, &text);
  return text;
}

}  // namespace spillway::emulator
