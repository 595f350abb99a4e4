// ValueType: what one value of the configuration may be: how it is read, printed and described. The
// types here cover what options need; an options struct with an exotic field brings a Type<M> of
// its own.
#ifndef SPILLWAY_CONFIG_VALUE_TYPE_H_
#define SPILLWAY_CONFIG_VALUE_TYPE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "config/problems.h"
#include "config/secret.h"
#include "config/units.h"
#include "config/yaml.h"

namespace spillway {

class ObjectSpec;

// Where a reader stands: for messages, and for what is missing.
struct Reading {
  std::string where;  // "pipelines.products.destination"
  YamlPlace owner;    // the key whose value is read
  Problems& problems;
};

// "connections.shop" and "type" to "connections.shop.type".
std::string JoinPath(std::string_view where, std::string_view key);

// One of the words that a value may be, and what it means.
struct WordDoc {
  std::string text;
  std::string doc;
};

// Immutable.
class ValueType {
 public:
  virtual ~ValueType() = default;
  // For people: "text", "integer, 1 to 1024", "keep or omit".
  virtual std::string Describe() const = 0;
  // The members of a JSON Schema object, without its braces.
  virtual void WriteSchema(JsonWriter& json) const = 0;
  // For the reference; empty where any text will do.
  virtual std::vector<WordDoc> words() const { return {}; }
  // What Format prints is a JSON value as it stands.
  virtual bool prints_json() const { return false; }
  // The spec of a nested object (of the elements, for lists and maps), else nullptr.
  virtual const ObjectSpec* nested() const { return nullptr; }
  // A map from names of the user's choice to nested objects.
  virtual bool is_named_map() const { return false; }
};

template <typename M>
class Type : public ValueType {
 public:
  // Reads `node` into `target`; on a problem adds it and leaves `target` as it was.
  virtual void Read(const YamlNode& node, const Reading& reading, M& target) const = 0;
  // As it would stand in YAML; empty when there is nothing to show.
  virtual std::string Format(const M& value) const = 0;
};

template <typename M>
using TypePtr = std::shared_ptr<const Type<M>>;

TypePtr<std::string> Text();
TypePtr<bool> Boolean();
TypePtr<uint32_t> Integer(uint32_t min, uint32_t max);
TypePtr<uint64_t> Count(uint64_t min, uint64_t max);
TypePtr<int64_t> SignedInteger(int64_t min, int64_t max);
TypePtr<ByteCount> Size(ByteCount min, ByteCount max);
TypePtr<std::chrono::milliseconds> Duration(std::chrono::milliseconds min,
                                            std::chrono::milliseconds max);
TypePtr<Share> Percentage();
TypePtr<SecretReference> Secret();
// Items of any type; with `or_single`, a lone scalar is a list of one.
TypePtr<std::vector<std::string>> TextList(bool or_single);
// Names of the user's choice to text.
TypePtr<std::map<std::string, std::string>> TextMap();

// One of a few words. `later` words are known, and refused as not supported by this version.
template <typename E>
struct Word {
  std::string text;
  E value;
  std::string doc;
};
struct LaterWord {
  std::string text;
  std::string advice;
};

// Reads a scalar's text and says what it found: shared by the readers. nullptr after adding a
// problem.
const std::string* ReadScalar(const YamlNode& node, const Reading& reading,
                              std::string_view expected);
std::string Article(const YamlNode& node);  // "a list", "a map", "nothing"
void AddWrongWord(const YamlNode& node, const Reading& reading,
                  const std::vector<std::string>& words, const std::vector<LaterWord>& later);
std::string DescribeWords(const std::vector<std::string>& words);
void WriteWordSchema(JsonWriter& json, const std::vector<std::string>& words);

template <typename E>
class WordType : public Type<E> {
 public:
  WordType(std::vector<Word<E>> words, std::vector<LaterWord> later)
      : words_(std::move(words)), later_(std::move(later)) {}

  void Read(const YamlNode& node, const Reading& reading, E& target) const override {
    if (const std::string* text = ReadScalar(node, reading, Describe())) {
      for (const Word<E>& word : words_) {
        if (word.text == *text) {
          target = word.value;
          return;
        }
      }
      AddWrongWord(node, reading, Texts(), later_);
    }
  }
  std::string Format(const E& value) const override {
    for (const Word<E>& word : words_) {
      if (word.value == value) return word.text;
    }
    return {};
  }
  std::string Describe() const override { return DescribeWords(Texts()); }
  std::vector<WordDoc> words() const override {
    std::vector<WordDoc> docs;
    for (const Word<E>& word : words_) docs.push_back({word.text, word.doc});
    return docs;
  }
  void WriteSchema(JsonWriter& json) const override { WriteWordSchema(json, Texts()); }

 private:
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const Word<E>& word : words_) texts.push_back(word.text);
    return texts;
  }
  std::vector<Word<E>> words_;
  std::vector<LaterWord> later_;
};

template <typename E>
TypePtr<E> OneOf(std::vector<Word<E>> words, std::vector<LaterWord> later = {}) {
  return std::make_shared<WordType<E>>(std::move(words), std::move(later));
}

// A value that may be absent; reads as the type inside.
template <typename M>
class OptionalType : public Type<std::optional<M>> {
 public:
  explicit OptionalType(TypePtr<M> inner) : inner_(std::move(inner)) {}
  void Read(const YamlNode& node, const Reading& reading, std::optional<M>& target) const override {
    M value{};
    const size_t problems_before = reading.problems.all().size();
    inner_->Read(node, reading, value);
    if (reading.problems.all().size() == problems_before) target = std::move(value);
  }
  std::string Format(const std::optional<M>& value) const override {
    return value ? inner_->Format(*value) : std::string();
  }
  std::string Describe() const override { return inner_->Describe(); }
  void WriteSchema(JsonWriter& json) const override { inner_->WriteSchema(json); }
  std::vector<WordDoc> words() const override { return inner_->words(); }
  bool prints_json() const override { return inner_->prints_json(); }
  const ObjectSpec* nested() const override { return inner_->nested(); }
  bool is_named_map() const override { return inner_->is_named_map(); }

 private:
  TypePtr<M> inner_;
};

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_VALUE_TYPE_H_
