#include "emulator/service/patch.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace spillway::emulator {
namespace {

using Kind = PatchOperation::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 7> kKinds = {
    {{"add", Kind::kAdd},
     {"set", Kind::kSet},
     {"replace", Kind::kReplace},
     {"remove", Kind::kRemove},
     {"incr", Kind::kIncrement},
     {"increment", Kind::kIncrement},
     {"move", Kind::kMove}}};

constexpr std::array<std::string_view, 6> kFixedProperties = {"id",    "_rid", "_self",
                                                              "_etag", "_ts",  "_attachments"};

// JSON Pointer (RFC 6901).
Outcome<std::vector<std::string>> ParsePointer(const Value& text) {
  if (!text.is_string() || text.string().size() < 2 || text.string()[0] != '/') {
    return BadRequest("The path of a patch operation must be a JSON pointer such as '/name'.");
  }
  std::vector<std::string> names(1);
  for (size_t i = 1; i < text.string().size(); ++i) {
    const char c = text.string()[i];
    const char next = i + 1 < text.string().size() ? text.string()[i + 1] : '\0';
    if (c == '/') {
      names.emplace_back();
    } else if (c == '~' && (next == '0' || next == '1')) {
      names.back().push_back(next == '0' ? '~' : '/');
      ++i;
    } else {
      names.back().push_back(c);
    }
  }
  return names;
}

Outcome<PatchOperation> ParseOperation(const Value& json) {
  PatchOperation operation;
  const Value& name = json["op"];
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& entry) {
    return name.is_string() && entry.first == name.string();
  });
  if (kind == kKinds.end()) return BadRequest("Unknown patch operation " + ToJson(name) + ".");
  operation.kind = kind->second;
  EMULATOR_TRY(operation.path, ParsePointer(json["path"]));
  if (std::find(kFixedProperties.begin(), kFixedProperties.end(), operation.path[0]) !=
      kFixedProperties.end()) {
    return BadRequest("Cannot patch the property '" + operation.path[0] + "'.");
  }
  if (operation.kind == Kind::kMove) {
    EMULATOR_TRY(operation.from, ParsePointer(json["from"]));
  }
  operation.value = json["value"];
  const bool needs_value = operation.kind != Kind::kMove && operation.kind != Kind::kRemove;
  if (needs_value && operation.value.is_undefined()) {
    return BadRequest("The patch operation '" + name.string() + "' needs a value.");
  }
  if (operation.kind == Kind::kIncrement && !operation.value.is_number()) {
    return BadRequest("The value of an increment must be a number.");
  }
  return operation;
}

// An index, or the size for "-"; nullopt when it is neither, or beyond the end.
std::optional<size_t> ArrayIndex(const std::string& name, size_t size) {
  if (name == "-") return size;
  size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size() || index > size) return std::nullopt;
  return index;
}

// The value at `path`, nullptr when a step is missing. Shared parts are copied on the way.
Value* Find(Value* value, const std::vector<std::string>& path, size_t steps) {
  for (size_t i = 0; i < steps && value != nullptr; ++i) {
    if (value->is_object()) {
      value = value->FindMutable(path[i]);
    } else if (value->is_array()) {
      const auto index = ArrayIndex(path[i], value->array().size());
      value = index && *index < value->array().size() ? &value->MutableArray()[*index] : nullptr;
    } else {
      value = nullptr;
    }
  }
  return value;
}

std::string PathText(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& name : path) text += "/" + name;
  return text;
}

ServiceError Missing(const std::vector<std::string>& path) {
  return BadRequest("For the patch operation, the path '" + PathText(path) + "' does not exist.");
}

std::optional<ServiceError> Write(Value* document, const PatchOperation& operation,
                                  const std::vector<std::string>& path, Value value) {
  Value* parent = Find(document, path, path.size() - 1);
  if (parent == nullptr) return Missing(path);
  if (parent->is_object()) {
    parent->Set(path.back(), std::move(value));
    return std::nullopt;
  }
  if (!parent->is_array()) return Missing(path);
  const auto index = ArrayIndex(path.back(), parent->array().size());
  if (!index) return Missing(path);
  Array& array = parent->MutableArray();
  if (operation.kind == Kind::kSet && *index < array.size()) {
    array[*index] = std::move(value);
  } else {
    array.insert(array.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  }
  return std::nullopt;
}

std::optional<ServiceError> Remove(Value* document, const std::vector<std::string>& path) {
  Value* parent = Find(document, path, path.size() - 1);
  if (parent != nullptr && parent->is_object() && parent->Erase(path.back())) return std::nullopt;
  if (parent != nullptr && parent->is_array()) {
    const auto index = ArrayIndex(path.back(), parent->array().size());
    if (index && *index < parent->array().size()) {
      Array& array = parent->MutableArray();
      array.erase(array.begin() + static_cast<std::ptrdiff_t>(*index));
      return std::nullopt;
    }
  }
  return Missing(path);
}

std::optional<ServiceError> Apply(const PatchOperation& operation, Value* document) {
  Value* target = Find(document, operation.path, operation.path.size());
  switch (operation.kind) {
    case Kind::kAdd:
    case Kind::kSet:
      return Write(document, operation, operation.path, operation.value);
    case Kind::kReplace:
      if (target == nullptr) return Missing(operation.path);
      *target = operation.value;
      return std::nullopt;
    case Kind::kRemove:
      return Remove(document, operation.path);
    case Kind::kIncrement:
      if (target == nullptr) return Write(document, operation, operation.path, operation.value);
      if (!target->is_number()) {
        return BadRequest("Cannot increment '" + PathText(operation.path) + "': not a number.");
      }
      *target = target->number() + operation.value.number();
      return std::nullopt;
    case Kind::kMove: {
      Value* source = Find(document, operation.from, operation.from.size());
      if (source == nullptr) return Missing(operation.from);
      Value moved = *source;
      EMULATOR_CHECK(Remove(document, operation.from));
      return Write(document, operation, operation.path, std::move(moved));
    }
  }
  return std::nullopt;
}

}  // namespace

Outcome<Patch> ParsePatch(const Value& body) {
  Patch patch;
  const Value& operations = body.is_array() ? body : body["operations"];
  if (!operations.is_array() || operations.array().empty()) {
    return BadRequest("A patch needs at least one operation.");
  }
  if (operations.array().size() > kPatchOperationsMax) {
    return BadRequest("The number of patch operations can't exceed '10'.");
  }
  if (body["condition"].is_string()) patch.condition = body["condition"].string();
  for (const Value& json : operations.array()) {
    EMULATOR_TRY(PatchOperation operation, ParseOperation(json));
    patch.operations.push_back(std::move(operation));
  }
  return patch;
}

std::optional<ServiceError> ApplyOperations(const Patch& patch, Value* document) {
  for (const PatchOperation& operation : patch.operations) {
    EMULATOR_CHECK(Apply(operation, document));
  }
  return std::nullopt;
}

}  // namespace spillway::emulator
