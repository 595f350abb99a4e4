#include "config/value_type.h"

#include <fmt/format.h>

#include <charconv>
#include <type_traits>
#include <utility>

namespace spillway {
namespace {

class TextType : public Type<std::string> {
 public:
  void Read(const YamlNode& node, const Reading& reading, std::string& target) const override {
    const std::string* text = ReadScalar(node, reading, Describe());
    if (text != nullptr) target = *text;
  }
  std::string Format(const std::string& value) const override { return value; }
  std::string Describe() const override { return "text"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Key("type").BeginArray().String("string").String("number").String("boolean").EndArray();
  }
};

class BooleanType : public Type<bool> {
 public:
  void Read(const YamlNode& node, const Reading& reading, bool& target) const override {
    const std::string* text = ReadScalar(node, reading, Describe());
    if (text == nullptr) return;
    if (*text == "true" || *text == "false") {
      target = *text == "true";
    } else {
      AddWrongWord(node, reading, {"true", "false"}, {});
    }
  }
  std::string Format(const bool& value) const override { return value ? "true" : "false"; }
  std::string Describe() const override { return "true or false"; }
  bool prints_json() const override { return true; }
  void WriteSchema(JsonWriter& json) const override { json.Field("type", "boolean"); }
};

template <typename N>
class IntegerType : public Type<N> {
 public:
  IntegerType(N min, N max) : min_(min), max_(max) {}
  void Read(const YamlNode& node, const Reading& reading, N& target) const override {
    const std::string* text = ReadScalar(node, reading, Describe());
    if (text == nullptr) return;
    N value{};
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    const bool complete = end == text->data() + text->size();
    const bool number = !text->empty() && complete && error != std::errc::invalid_argument;
    if (!number || !node.plain) {
      reading.problems.Add(node.place,
                           fmt::format("`{}` must be an integer, not `{}`", reading.where, *text));
    } else if (error != std::errc() || value < min_ || value > max_) {
      reading.problems.Add(node.place,
                           fmt::format("`{}` is {}, which is out of range", reading.where, *text),
                           fmt::format("allowed: {}", Range()));
    } else {
      target = value;
    }
  }
  std::string Format(const N& value) const override { return std::to_string(value); }
  std::string Describe() const override { return fmt::format("integer, {}", Range()); }
  bool prints_json() const override { return true; }
  void WriteSchema(JsonWriter& json) const override {
    json.Field("type", "integer").Key("minimum").Raw(std::to_string(min_));
    if (max_ != std::numeric_limits<N>::max()) json.Key("maximum").Raw(std::to_string(max_));
  }

 private:
  std::string Range() const {
    if (max_ == std::numeric_limits<N>::max()) return fmt::format("{} or more", min_);
    return fmt::format("{} to {}", min_, max_);
  }
  N min_;
  N max_;
};

// A quantity with a unit: its parser and printer are in units.h.
template <typename Q>
class QuantityType : public Type<Q> {
 public:
  using Parse = Result<Q> (*)(std::string_view);
  using Print = std::string (*)(Q);
  QuantityType(std::string name, Parse parse, Print print, Q min, Q max)
      : name_(std::move(name)), parse_(parse), print_(print), min_(min), max_(max) {}
  void Read(const YamlNode& node, const Reading& reading, Q& target) const override {
    const std::string* text = ReadScalar(node, reading, name_);
    if (text == nullptr) return;
    const Result<Q> value = parse_(*text);
    if (!value.ok()) {
      reading.problems.Add(node.place,
                           fmt::format("`{}`: {}", reading.where, value.status().message()));
    } else if (Less(*value, min_) || Less(max_, *value)) {
      reading.problems.Add(node.place,
                           fmt::format("`{}` is {}, which is out of range", reading.where, *text),
                           fmt::format("allowed: {} to {}", print_(min_), print_(max_)));
    } else {
      target = *value;
    }
  }
  std::string Format(const Q& value) const override { return print_(value); }
  std::string Describe() const override {
    return fmt::format("{}, {} to {}", name_, print_(min_), print_(max_));
  }
  void WriteSchema(JsonWriter& json) const override { json.Field("type", "string"); }

 private:
  static bool Less(const ByteCount& a, const ByteCount& b) { return a.bytes < b.bytes; }
  static bool Less(const Share& a, const Share& b) { return a.value < b.value; }
  static bool Less(std::chrono::milliseconds a, std::chrono::milliseconds b) { return a < b; }
  std::string name_;
  Parse parse_;
  Print print_;
  Q min_;
  Q max_;
};

class TextListType : public Type<std::vector<std::string>> {
 public:
  explicit TextListType(bool or_single) : or_single_(or_single) {}
  void Read(const YamlNode& node, const Reading& reading,
            std::vector<std::string>& target) const override {
    std::vector<std::string> values;
    if (or_single_ && node.is_scalar()) {
      const std::string* text = ReadScalar(node, reading, Describe());
      if (text != nullptr) target = {*text};
      return;
    }
    if (!node.is_list()) {
      reading.problems.Add(node.place, fmt::format("`{}` must be {}, not {}", reading.where,
                                                   Describe(), Article(node)));
      return;
    }
    const size_t problems_before = reading.problems.all().size();
    for (const YamlNode& item : node.items) {
      if (const std::string* text = ReadScalar(item, reading, "text")) values.push_back(*text);
    }
    if (reading.problems.all().size() == problems_before) target = std::move(values);
  }
  std::string Format(const std::vector<std::string>& values) const override {
    return values.empty() ? std::string() : fmt::format("[{}]", fmt::join(values, ", "));
  }
  std::string Describe() const override {
    return or_single_ ? "text or a list of texts" : "list of texts";
  }
  void WriteSchema(JsonWriter& json) const override {
    if (or_single_) {
      json.Key("type").BeginArray().String("string").String("array").EndArray();
    } else {
      json.Field("type", "array");
    }
    json.Key("items").BeginObject().Field("type", "string").EndObject();
  }

 private:
  bool or_single_;
};

class TextMapType : public Type<std::map<std::string, std::string>> {
 public:
  void Read(const YamlNode& node, const Reading& reading,
            std::map<std::string, std::string>& target) const override {
    if (!node.is_map()) {
      reading.problems.Add(node.place,
                           fmt::format("`{}` must be a map, not {}", reading.where, Article(node)));
      return;
    }
    for (const YamlEntry& entry : node.entries) {
      const Reading inner{JoinPath(reading.where, entry.key), entry.key_place, reading.problems};
      if (const std::string* text = ReadScalar(entry.value, inner, "text"))
        target[entry.key] = *text;
    }
  }
  std::string Format(const std::map<std::string, std::string>&) const override { return {}; }
  std::string Describe() const override { return "map of texts"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Field("type", "object").Key("additionalProperties").BeginObject();
    json.Field("type", "string").EndObject();
  }
};

}  // namespace

std::string JoinPath(std::string_view where, std::string_view key) {
  return where.empty() ? std::string(key) : fmt::format("{}.{}", where, key);
}

std::string Article(const YamlNode& node) {
  if (node.is_list()) return "a list";
  if (node.is_map()) return "a map";
  return node.is_null() ? "nothing" : fmt::format("`{}`", node.text);
}

const std::string* ReadScalar(const YamlNode& node, const Reading& reading,
                              std::string_view expected) {
  if (node.is_scalar() && !node.is_null()) return &node.text;
  reading.problems.Add(
      node.place, fmt::format("`{}` must be {}, not {}", reading.where, expected, Article(node)));
  return nullptr;
}

void AddWrongWord(const YamlNode& node, const Reading& reading,
                  const std::vector<std::string>& words, const std::vector<LaterWord>& later) {
  for (const LaterWord& word : later) {
    if (word.text != node.text) continue;
    reading.problems.Add(
        node.place,
        fmt::format("`{}: {}` is not supported by this version", reading.where, word.text),
        word.advice);
    return;
  }
  const std::string nearest = NearestName(node.text, words);
  reading.problems.Add(node.place, fmt::format("`{}` cannot be {}", reading.where, Article(node)),
                       nearest.empty() ? fmt::format("write {}", DescribeWords(words))
                                       : fmt::format("did you mean `{}`?", nearest));
}

std::string DescribeWords(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

void WriteWordSchema(JsonWriter& json, const std::vector<std::string>& words) {
  json.Key("enum").BeginArray();
  for (const std::string& word : words) json.String(word);
  json.EndArray();
}

TypePtr<std::string> Text() {
  return std::make_shared<TextType>();
}
TypePtr<bool> Boolean() {
  return std::make_shared<BooleanType>();
}
TypePtr<uint32_t> Integer(uint32_t min, uint32_t max) {
  return std::make_shared<IntegerType<uint32_t>>(min, max);
}
TypePtr<uint64_t> Count(uint64_t min, uint64_t max) {
  return std::make_shared<IntegerType<uint64_t>>(min, max);
}
TypePtr<int64_t> SignedInteger(int64_t min, int64_t max) {
  return std::make_shared<IntegerType<int64_t>>(min, max);
}
TypePtr<ByteCount> Size(ByteCount min, ByteCount max) {
  return std::make_shared<QuantityType<ByteCount>>("size", &ParseByteCount, &FormatByteCount, min,
                                                   max);
}
TypePtr<std::chrono::milliseconds> Duration(std::chrono::milliseconds min,
                                            std::chrono::milliseconds max) {
  return std::make_shared<QuantityType<std::chrono::milliseconds>>("duration", &ParseDuration,
                                                                   &FormatDuration, min, max);
}
TypePtr<Share> Percentage() {
  return std::make_shared<QuantityType<Share>>("share", &ParseShare, &FormatShare, Share{0},
                                               Share{1});
}
TypePtr<std::vector<std::string>> TextList(bool or_single) {
  return std::make_shared<TextListType>(or_single);
}
TypePtr<std::map<std::string, std::string>> TextMap() {
  return std::make_shared<TextMapType>();
}

}  // namespace spillway
