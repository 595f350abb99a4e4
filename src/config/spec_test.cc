#include "config/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

enum class Color { kRed, kGreen };

struct Throughput {
  std::optional<uint32_t> manual;
  std::optional<uint32_t> autoscale;
};

struct Item {
  std::string label = "none";
};

struct Options {
  std::string name;
  uint32_t count = 7;
  bool fast = true;
  Color color = Color::kRed;
  std::optional<Color> other;
  ByteCount memory{64ull << 20};
  std::chrono::milliseconds wait{1500};
  Share share{0.1};
  SecretReference key;
  std::vector<std::string> columns;
  std::map<std::string, std::string> fields;
  std::optional<Throughput> throughput;
  std::map<std::string, Item> items;
};

const Spec<Throughput>& ThroughputSpec() {
  static const auto spec =
      Spec<Throughput>("How much.")
          .Field(&Throughput::manual, "manual", "Fixed.", Integer(400, 1'000'000))
          .Field(&Throughput::autoscale, "autoscale", "Most.", Integer(1000, 1'000'000))
          .ExactlyOne();
  return spec;
}

const Spec<Item>& ItemSpec() {
  static const auto spec = Spec<Item>("An item.").Field(&Item::label, "label", "A label.", Text());
  return spec;
}

const Spec<Options>& OptionsSpec() {
  static const auto colors = OneOf<Color>({{"red", Color::kRed, ""}, {"green", Color::kGreen, ""}},
                                          {{"blue", "use green"}});
  static const auto spec =
      Spec<Options>("Options of a test.")
          .Field(&Options::name, "name", "A name.", Text())
          .Required()
          .Example("products")
          .Field(&Options::count, "count", "How many.", Integer(1, 1024))
          .Field(&Options::fast, "fast", "Faster.", Boolean())
          .Field(&Options::color, "color", "Which.", colors)
          .Field(&Options::other, "other", "Which other.", colors)
          .Field(&Options::memory, "memory", "Room.", Size({1 << 20}, {1ull << 40}))
          .Field(&Options::wait, "wait", "Patience.",
                 Duration(std::chrono::milliseconds(0), std::chrono::hours(24)))
          .Field(&Options::share, "share", "A part.", Percentage())
          .Field(&Options::key, "key", "Secret.", Secret())
          .Field(&Options::columns, "columns", "Columns.", TextList(true))
          .Field(&Options::fields, "fields", "Fields.", TextMap())
          .Field(&Options::throughput, "throughput", "RU/s.", Nested(ThroughputSpec()))
          .Field(&Options::items, "items", "Items.", NamedMap(ItemSpec()))
          .Later("strategy", "leave it out");
  return spec;
}

struct Outcome {
  Options options;
  std::string error;
};

Outcome ReadText(const std::string& text) {
  const Result<YamlDocument> document = ParseYaml(text, "t.yaml");
  if (!document.ok()) return {{}, std::string(document.status().message())};
  Problems problems;
  Outcome outcome;
  OptionsSpec().Read(document->root, {"", {1, 1, 1}, problems}, outcome.options);
  outcome.error = std::string(problems.ToStatus(*document).message());
  return outcome;
}

TEST(Spec, FillsEveryKindOfField) {
  const Outcome got = ReadText(
      "name: 2024\ncount: 12\nfast: false\ncolor: green\nother: red\nmemory: 1GiB\nwait: "
      "2h\nshare: 30%\n"
      "key: {env: COSMOS_KEY}\ncolumns: id\nfields: {a.b: c}\nthroughput: {manual: 400}\n"
      "items: {x: {label: one}, y: {}}\n");
  ASSERT_EQ(got.error, "");
  EXPECT_EQ(got.options.name, "2024");
  EXPECT_EQ(got.options.count, 12u);
  EXPECT_FALSE(got.options.fast);
  EXPECT_EQ(got.options.color, Color::kGreen);
  EXPECT_EQ(got.options.other, Color::kRed);
  EXPECT_EQ(got.options.memory.bytes, 1ull << 30);
  EXPECT_EQ(got.options.wait, std::chrono::hours(2));
  EXPECT_DOUBLE_EQ(got.options.share.value, 0.3);
  EXPECT_EQ(got.options.key.ToString(), "{env: COSMOS_KEY}");
  EXPECT_EQ(got.options.columns, std::vector<std::string>{"id"});
  EXPECT_EQ(got.options.fields.at("a.b"), "c");
  ASSERT_TRUE(got.options.throughput.has_value());
  EXPECT_EQ(got.options.throughput->manual, 400u);
  EXPECT_EQ(got.options.items.at("x").label, "one");
  EXPECT_EQ(got.options.items.at("y").label, "none");
}

TEST(Spec, KeepsTheStructsOwnDefaults) {
  const Outcome got = ReadText("name: a\n");
  ASSERT_EQ(got.error, "");
  EXPECT_EQ(got.options.count, 7u);
  EXPECT_FALSE(got.options.throughput.has_value());
  EXPECT_FALSE(got.options.key.given());
}

struct Bad {
  const char* text;
  std::vector<const char*> errors;
};

class SpecRefuses : public ::testing::TestWithParam<Bad> {};

TEST_P(SpecRefuses, WithPlaceAndAdvice) {
  const Outcome got = ReadText(GetParam().text);
  for (const char* error : GetParam().errors) EXPECT_THAT(got.error, HasSubstr(error));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SpecRefuses,
    ::testing::Values(
        Bad{"name: a\ncuont: 3\n",
            {"t.yaml:2:1: unknown key `cuont` in the file", "did you mean `count`?", "| ^^^^^"}},
        Bad{"name: a\nzzzzzzzz: 3\n", {"t.yaml:2:1: unknown key", "known here: name, count"}},
        Bad{"count: 3\n", {"`name` is missing", "for example `name: products`"}},
        Bad{"name: a\ncount: many\n",
            {"t.yaml:2:8: `count` must be an integer, not `many`", "^^^^"}},
        Bad{"name: a\ncount: '3'\n", {"t.yaml:2:8: `count` must be an integer"}},
        Bad{"name: a\ncount: 3.5\n", {"must be an integer, not `3.5`"}},
        Bad{"name: a\ncount: 0\n",
            {"t.yaml:2:8: `count` is 0, which is out of range", "allowed: 1 to 1024"}},
        Bad{"name: a\ncount: 99999999999999999999\n", {"out of range"}},
        Bad{"name: a\ncount: -1\n", {"t.yaml:2:8: `count`"}},
        Bad{"name: a\ncount: [1]\n",
            {"t.yaml:2:8: `count` must be integer, 1 to 1024, not a list"}},
        Bad{"name: a\ncount:\n", {"t.yaml:2:1: `count` must be integer, 1 to 1024, not nothing"}},
        Bad{"name: a\nfast: yes\n", {"t.yaml:2:7: `fast` cannot be `yes`", "write true or false"}},
        Bad{"name: a\ncolor: gren\n",
            {"t.yaml:2:8: `color` cannot be `gren`", "did you mean `green`?"}},
        Bad{"name: a\ncolor: blue\n",
            {"`color: blue` is not supported by this version", "use green"}},
        Bad{"name: a\nmemory: 256\n", {"t.yaml:2:9: `memory`: `256` is not a size"}},
        Bad{"name: a\nmemory: 1KiB\n", {"out of range", "allowed: 1MiB to 1024GiB"}},
        Bad{"name: a\nwait: 5\n", {"`5` is not a duration"}},
        Bad{"name: a\nwait: 25h\n", {"`wait` is 25h, which is out of range", "allowed: 0ms to 1d"}},
        Bad{"name: a\nshare: 0.1\n", {"`0.1` is not a share"}},
        Bad{"name: a\nkey: C2VjcmV0\n",
            {"t.yaml:2:6: `key` must say where the secret is", "{env: NAME}"}},
        Bad{"name: a\nkey: {keyvalt: 'https://v'}\n",
            {"t.yaml:2:7: unknown kind of secret `keyvalt`"}},
        Bad{"name: a\nkey: {env: A, file: b}\n",
            {"`key` needs exactly one of: env, file, exec, keyvault, vault"}},
        Bad{"name: a\nkey: {exec: rm}\n", {"`key.exec` must be list of texts"}},
        Bad{"name: a\nkey: {exec: []}\n", {"`key.exec` names no program"}},
        Bad{"name: a\nkey: {vault: {path: p}}\n", {"`key.vault.field`"}},
        Bad{"name: a\nkey: {vault: {path: p, field: f, token: {keyvault: 'https://v'}}}\n",
            {"`key.vault.token` must be a secret of this machine"}},
        Bad{"name: a\nkey: {env: ''}\n", {"`key.env` is empty"}},
        Bad{"name: a\ncolumns: {a: b}\n", {"`columns` must be text or a list of texts, not a map"}},
        Bad{"name: a\ncolumns: [a, [b]]\n", {"t.yaml:2:14: `columns` must be text, not a list"}},
        Bad{"name: a\nfields: [a]\n", {"`fields` must be a map, not a list"}},
        Bad{"name: a\nthroughput: 400\n",
            {"t.yaml:2:13: `throughput` must be a map, not `400`",
             "known here: manual, autoscale"}},
        Bad{"name: a\nthroughput: {}\n",
            {"t.yaml:2:1: `throughput` needs exactly one of: manual, autoscale"}},
        Bad{"name: a\nthroughput: {manual: 400, autoscale: 4000}\n", {"needs exactly one of"}},
        Bad{"name: a\nthroughput: {manual: 100}\n",
            {"t.yaml:2:22: `throughput.manual` is 100, which is out of range"}},
        Bad{"name: a\nitems:\n  x:\n    lable: b\n",
            {"t.yaml:4:5: unknown key `lable` in `items.x`", "did you mean `label`?"}},
        Bad{"name: a\nstrategy: switch\n",
            {"t.yaml:2:1: `strategy` is not supported by this version", "leave it out"}},
        Bad{"[a, b]\n", {"the file must be a map, not a list"}}));

TEST(Spec, ReportsAllProblemsAtOnceInFileOrder) {
  const std::string error = ReadText("cuont: 3\nfast: maybe\ncolor: pink\n").error;
  const size_t unknown = error.find("unknown key `cuont`");
  const size_t fast = error.find("`fast` cannot be");
  const size_t color = error.find("`color` cannot be");
  EXPECT_THAT(error, HasSubstr("`name` is missing"));
  EXPECT_LT(unknown, fast);
  EXPECT_LT(fast, color);
  EXPECT_NE(color, std::string::npos);
}

TEST(Spec, NeverPrintsASecretThatWasWrittenByMistake) {
  const std::string error = ReadText("name: a\nkey: C2VjcmV0\n").error;
  EXPECT_THAT(error, HasSubstr("t.yaml:2:6:"));
  EXPECT_THAT(error, Not(HasSubstr("C2VjcmV0")));
  const std::string account_key(86, 'x');
  const std::string typo = ReadText("name: a\nkye: " + account_key + "==\n").error;
  EXPECT_THAT(typo, HasSubstr("did you mean `key`?"));
  EXPECT_THAT(typo, Not(HasSubstr("xxx")));
}

TEST(Spec, WritesASchemaThatKnowsKeysAndDefaults) {
  JsonWriter json;
  json.BeginObject();
  OptionsSpec().WriteSchema(json);
  json.EndObject();
  EXPECT_THAT(json.text(), HasSubstr(R"("count":{"description":"How many.","type":"integer",)"
                                     R"("minimum":1,"maximum":1024,"default":7})"));
  EXPECT_THAT(json.text(), HasSubstr(R"("required":["name"])"));
  EXPECT_THAT(json.text(), HasSubstr(R"("additionalProperties":false)"));
  EXPECT_THAT(json.text(), HasSubstr(R"("enum":["red","green"])"));
  EXPECT_THAT(json.text(), Not(HasSubstr("strategy")));
}

}  // namespace
}  // namespace spillway
