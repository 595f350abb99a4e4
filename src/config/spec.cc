#include "config/spec.h"

#include <fmt/format.h>

#include <algorithm>

namespace spillway {
namespace {

const FieldSpec* FindField(std::span<const SpecPart> parts, std::string_view name, size_t* part) {
  for (size_t i = 0; i < parts.size(); ++i) {
    for (const FieldSpec& field : parts[i].spec->fields()) {
      if (field.name == name) {
        *part = i;
        return &field;
      }
    }
  }
  return nullptr;
}

std::vector<std::string> KnownNames(std::span<const SpecPart> parts) {
  std::vector<std::string> names;
  for (const SpecPart& part : parts) {
    for (const FieldSpec& field : part.spec->fields()) {
      if (!field.is_later()) names.push_back(field.name);
    }
  }
  return names;
}

std::string Place(const Reading& reading) {
  return reading.where.empty() ? "the file" : fmt::format("`{}`", reading.where);
}

bool IsSecret(const FieldSpec& field) {
  return dynamic_cast<const Type<SecretReference>*>(field.type.get()) != nullptr;
}

// Whether a key that is not known may have been meant for a secret, which would then stand in the
// line that is shown.
bool MayBeSecret(const std::string& nearest, std::span<const SpecPart> parts) {
  for (const SpecPart& part : parts) {
    for (const FieldSpec& field : part.spec->fields()) {
      if (IsSecret(field) && (nearest.empty() || nearest == field.name)) return true;
    }
  }
  return false;
}

void AddUnknownKey(const YamlEntry& entry, const Reading& reading,
                   std::span<const SpecPart> parts) {
  const std::vector<std::string> names = KnownNames(parts);
  const std::string nearest = NearestName(entry.key, names);
  std::string advice = nearest.empty() ? fmt::format("known here: {}", fmt::join(names, ", "))
                                       : fmt::format("did you mean `{}`?", nearest);
  std::string message = fmt::format("unknown key `{}` in {}", entry.key, Place(reading));
  if (MayBeSecret(nearest, parts)) {
    reading.problems.AddSecret(entry.key_place, std::move(message), std::move(advice));
  } else {
    reading.problems.Add(entry.key_place, std::move(message), std::move(advice));
  }
}

void ReadEntry(const YamlEntry& entry, const Reading& reading, std::span<const SpecPart> parts) {
  size_t part = 0;
  const FieldSpec* field = FindField(parts, entry.key, &part);
  const std::string where = JoinPath(reading.where, entry.key);
  if (field == nullptr) return AddUnknownKey(entry, reading, parts);
  if (field->is_later()) {
    reading.problems.Add(entry.key_place,
                         fmt::format("`{}` is not supported by this version", where),
                         field->later_advice);
    return;
  }
  field->read(entry.value, {where, entry.key_place, reading.problems}, parts[part].target);
}

// `clean`: no key of this map has a problem; a wrong key would be reported twice else.
void CheckRequired(const YamlNode& node, const Reading& reading, const ObjectSpec& spec,
                   bool clean) {
  std::vector<std::string> names;
  size_t given = 0;
  for (const FieldSpec& field : spec.fields()) {
    if (field.is_later()) continue;
    names.push_back(field.name);
    const bool present = node.Find(field.name) != nullptr;
    given += present ? 1 : 0;
    if (!field.required || present) continue;
    std::string advice = field.example.empty()
                             ? field.doc
                             : fmt::format("for example `{}: {}`", field.name, field.example);
    reading.problems.Add(reading.owner,
                         fmt::format("`{}` is missing", JoinPath(reading.where, field.name)),
                         std::move(advice));
  }
  if (spec.exactly_one() && given != 1 && (clean || given > 1)) {
    reading.problems.Add(reading.owner, fmt::format("{} needs exactly one of: {}", Place(reading),
                                                    fmt::join(names, ", ")));
  }
}

}  // namespace

void ReadParts(const YamlNode& node, const Reading& reading, std::span<const SpecPart> parts) {
  if (!node.is_map()) {
    reading.problems.Add(node.place.line > 0 ? node.place : reading.owner,
                         fmt::format("{} must be a map, not {}", Place(reading), Article(node)),
                         fmt::format("known here: {}", fmt::join(KnownNames(parts), ", ")));
    return;
  }
  const size_t problems_before = reading.problems.all().size();
  for (const YamlEntry& entry : node.entries) ReadEntry(entry, reading, parts);
  const bool clean = reading.problems.all().size() == problems_before;
  for (const SpecPart& part : parts) CheckRequired(node, reading, *part.spec, clean);
  if (reading.problems.all().size() > problems_before) return;
  for (const SpecPart& part : parts) {
    if (part.spec->check_) part.spec->check_(node, reading, part.target);
  }
}

void ObjectSpec::WriteSchema(JsonWriter& json) const {
  const ObjectSpec* self = this;
  WriteObjectSchema(json, {&self, 1}, false);
}

void WriteObjectSchema(JsonWriter& json, std::span<const ObjectSpec* const> specs,
                       bool only_shared) {
  json.Field("type", "object").Field("additionalProperties", false);
  json.Key("properties").BeginObject();
  std::vector<std::string> required;
  std::vector<std::string> written;
  for (size_t i = 0; i < specs.size(); ++i) {
    for (const FieldSpec& field : specs[i]->fields()) {
      if (field.is_later() ||
          std::find(written.begin(), written.end(), field.name) != written.end())
        continue;
      written.push_back(field.name);
      json.Key(field.name).BeginObject().Field("description", field.doc);
      field.type->WriteSchema(json);
      if (!field.default_text.empty()) {
        json.Key("default").Raw(field.type->prints_json() ? field.default_text
                                                          : JsonQuoted(field.default_text));
      }
      json.EndObject();
      if (field.required && (i == 0 || !only_shared)) required.push_back(field.name);
    }
  }
  json.EndObject();
  if (!required.empty()) {
    json.Key("required").BeginArray();
    for (const std::string& name : required) json.String(name);
    json.EndArray();
  }
  if (specs.size() == 1 && specs.front()->exactly_one()) {
    json.Field("minProperties", uint64_t{1}).Field("maxProperties", uint64_t{1});
  }
}

}  // namespace spillway
