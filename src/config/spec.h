// Spec<T>: the configuration of an options struct, said once, beside the struct. From this one text
// come the parser, the range checks, every error with its place and nearest name, the JSON Schema
// for editors, the reference page and the scaffold of `init`. A default is the struct's own
// initialiser.
//
//   const Spec<CreateOptions>& CreateSpec() {
//     static const auto spec = Spec<CreateOptions>("How a missing container is created.")
//         .Field(&CreateOptions::ttl, "ttl", "When documents expire.",
//         Duration(...)).Example("30d");
//     return spec;
//   }
#ifndef SPILLWAY_CONFIG_SPEC_H_
#define SPILLWAY_CONFIG_SPEC_H_

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/value_type.h"

namespace spillway {

struct FieldSpec {
  std::string name;
  std::string doc;
  std::string example;       // as it would stand in YAML
  std::string default_text;  // of the struct's own initialiser; empty: none
  std::string later_advice;  // not empty: known, and refused as not supported by this version
  bool required = false;
  std::shared_ptr<const ValueType> type;  // nullptr when it comes later
  std::function<void(const YamlNode&, const Reading&, void*)> read;

  bool is_later() const { return type == nullptr; }
};

// What Spec<T> knows, without T. Immutable once built.
class ObjectSpec {
 public:
  explicit ObjectSpec(std::string doc) : doc_(std::move(doc)) {}
  const std::string& doc() const { return doc_; }
  std::span<const FieldSpec> fields() const { return fields_; }
  bool exactly_one() const { return exactly_one_; }
  void WriteSchema(JsonWriter& json) const;

 protected:
  friend void ReadParts(const YamlNode& node, const Reading& reading,
                        std::span<const struct SpecPart> parts);
  std::string doc_;
  std::vector<FieldSpec> fields_;
  bool exactly_one_ = false;
  std::function<void(const YamlNode&, const Reading&, const void*)> check_;
};

// One struct among several that share the keys of one map (what every destination has, and what
// this one adds).
struct SpecPart {
  const ObjectSpec* spec = nullptr;
  void* target = nullptr;
};

// Reads a map into all parts: unknown keys, missing keys and every problem of the values at once.
void ReadParts(const YamlNode& node, const Reading& reading, std::span<const SpecPart> parts);

// The `properties` (and `required`) of several specs in one JSON Schema object.
void WriteObjectSchema(JsonWriter& json, std::span<const ObjectSpec* const> specs,
                       bool only_shared);

template <typename T>
class Spec : public ObjectSpec {
 public:
  explicit Spec(std::string doc) : ObjectSpec(std::move(doc)) {}

  template <typename M>
  Spec& Field(M T::*member, std::string name, std::string doc, TypePtr<M> type) {
    FieldSpec field;
    field.name = std::move(name);
    field.doc = std::move(doc);
    field.default_text = type->Format(T{}.*member);
    field.read = [member, type](const YamlNode& node, const Reading& reading, void* target) {
      type->Read(node, reading, static_cast<T*>(target)->*member);
    };
    field.type = std::move(type);
    fields_.push_back(std::move(field));
    return *this;
  }
  template <typename M>
  Spec& Field(std::optional<M> T::*member, std::string name, std::string doc, TypePtr<M> type) {
    TypePtr<std::optional<M>> optional = std::make_shared<OptionalType<M>>(std::move(type));
    return Field(member, std::move(name), std::move(doc), std::move(optional));
  }
  // A key that a later version will know: using it is an error that says what to do meanwhile.
  Spec& Later(std::string name, std::string advice) {
    FieldSpec field;
    field.name = std::move(name);
    field.later_advice = std::move(advice);
    fields_.push_back(std::move(field));
    return *this;
  }

  // Of the field added last.
  Spec& Required() {
    fields_.back().required = true;
    fields_.back().default_text.clear();
    return *this;
  }
  Spec& Example(std::string yaml) {
    fields_.back().example = std::move(yaml);
    return *this;
  }
  // What stands in the reference as the default, where the initialiser does not say it.
  Spec& DefaultText(std::string text) {
    fields_.back().default_text = std::move(text);
    return *this;
  }

  // Exactly one of the keys must be given.
  Spec& ExactlyOne() {
    exactly_one_ = true;
    return *this;
  }
  // A check of the whole struct, after all fields were read without a problem.
  Spec& Check(std::function<void(const YamlNode&, const Reading&, const T&)> check) {
    check_ = [check = std::move(check)](const YamlNode& node, const Reading& reading,
                                        const void* value) {
      check(node, reading, *static_cast<const T*>(value));
    };
    return *this;
  }

  void Read(const YamlNode& node, const Reading& reading, T& target) const {
    const SpecPart part{this, &target};
    ReadParts(node, reading, {&part, 1});
  }
};

// A nested object. `spec` lives as long as the program. With `words`, a scalar may stand for a
// value: `auth: default`.
template <typename T>
class NestedType : public Type<T> {
 public:
  NestedType(const Spec<T>& spec, std::vector<Word<T>> words, std::vector<LaterWord> later)
      : spec_(spec), words_(std::move(words)), later_(std::move(later)) {}
  void Read(const YamlNode& node, const Reading& reading, T& target) const override {
    if (node.is_scalar() && !words_.empty()) return ReadWord(node, reading, target);
    spec_.Read(node, reading, target);
  }
  std::string Format(const T&) const override { return {}; }
  std::string Describe() const override {
    if (words_.empty()) return spec_.exactly_one() ? "map with one key" : "map";
    return DescribeWords(Texts()) + ", or a map";
  }
  void WriteSchema(JsonWriter& json) const override {
    if (words_.empty()) return spec_.WriteSchema(json);
    json.Key("anyOf").BeginArray().BeginObject();
    WriteWordSchema(json, Texts());
    json.EndObject().BeginObject();
    spec_.WriteSchema(json);
    json.EndObject().EndArray();
  }
  const ObjectSpec* nested() const override { return &spec_; }
  std::vector<WordDoc> words() const override {
    std::vector<WordDoc> docs;
    for (const Word<T>& word : words_) docs.push_back({word.text, word.doc});
    return docs;
  }

 private:
  void ReadWord(const YamlNode& node, const Reading& reading, T& target) const {
    for (const Word<T>& word : words_) {
      if (word.text == node.text) {
        target = word.value;
        return;
      }
    }
    AddWrongWord(node, reading, Texts(), later_);
  }
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const Word<T>& word : words_) texts.push_back(word.text);
    return texts;
  }
  const Spec<T>& spec_;
  std::vector<Word<T>> words_;
  std::vector<LaterWord> later_;
};

template <typename T>
TypePtr<T> Nested(const Spec<T>& spec, std::vector<Word<T>> words = {},
                  std::vector<LaterWord> later = {}) {
  return std::make_shared<NestedType<T>>(spec, std::move(words), std::move(later));
}

// Names of the user's choice to nested objects.
template <typename T>
class NamedMapType : public Type<std::map<std::string, T>> {
 public:
  explicit NamedMapType(const Spec<T>& spec) : spec_(spec) {}
  void Read(const YamlNode& node, const Reading& reading,
            std::map<std::string, T>& target) const override {
    if (!node.is_map()) {
      reading.problems.Add(reading.owner, reading.where + " must be a map, not " + Article(node));
      return;
    }
    for (const YamlEntry& entry : node.entries) {
      const Reading inner{JoinPath(reading.where, entry.key), entry.key_place, reading.problems};
      spec_.Read(entry.value, inner, target[entry.key]);
    }
  }
  std::string Format(const std::map<std::string, T>&) const override { return {}; }
  std::string Describe() const override { return "map of names"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Field("type", "object").Key("additionalProperties").BeginObject();
    spec_.WriteSchema(json);
    json.EndObject();
  }
  const ObjectSpec* nested() const override { return &spec_; }
  bool is_named_map() const override { return true; }

 private:
  const Spec<T>& spec_;
};

template <typename T>
TypePtr<std::map<std::string, T>> NamedMap(const Spec<T>& spec) {
  return std::make_shared<NamedMapType<T>>(spec);
}

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_SPEC_H_
