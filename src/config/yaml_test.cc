#include "config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string text) {
  const Result<YamlDocument> document = ParseYaml(std::move(text), "t.yaml");
  return document.ok() ? std::string() : std::string(document.status().message());
}

TEST(Yaml, KnowsWhereEveryKeyAndValueStands) {
  const auto document = ParseYaml("a: 1\nb:\n  - x\n  - {c: 'two words'}\n", "t.yaml");
  ASSERT_TRUE(document.ok()) << document.status().message();
  const YamlNode& root = document->root;
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[0].key, "a");
  EXPECT_EQ(root.entries[0].key_place.line, 1u);
  EXPECT_EQ(root.entries[0].value.place.column, 4u);
  const YamlNode& list = root.entries[1].value;
  ASSERT_TRUE(list.is_list());
  EXPECT_EQ(list.items[0].text, "x");
  EXPECT_EQ(list.items[0].place.line, 3u);
  EXPECT_EQ(list.items[0].place.column, 5u);
  const YamlNode* quoted = list.items[1].Find("c");
  ASSERT_NE(quoted, nullptr);
  EXPECT_EQ(quoted->text, "two words");
  EXPECT_FALSE(quoted->plain);
  EXPECT_EQ(quoted->place.line, 4u);
  EXPECT_EQ(quoted->place.column, 9u);
  EXPECT_EQ(quoted->place.width, 11u);
}

TEST(Yaml, KeepsScalarsAsText) {
  const auto document = ParseYaml("a: 0123\nb: no\nc: 1e3\nd: ~\ne:\nf: ''\n", "t.yaml");
  ASSERT_TRUE(document.ok()) << document.status().message();
  EXPECT_EQ(document->root.Find("a")->text, "0123");
  EXPECT_EQ(document->root.Find("b")->text, "no");
  EXPECT_EQ(document->root.Find("c")->text, "1e3");
  EXPECT_TRUE(document->root.Find("d")->is_null());
  EXPECT_TRUE(document->root.Find("e")->is_null());
  EXPECT_FALSE(document->root.Find("f")->is_null());
}

TEST(Yaml, AnEmptyFileIsAnEmptyMap) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n"}) {
    const auto document = ParseYaml(text, "t.yaml");
    ASSERT_TRUE(document.ok()) << text << document.status().message();
    EXPECT_TRUE(document->root.is_map());
    EXPECT_TRUE(document->root.entries.empty());
  }
}

TEST(Yaml, RefusesADuplicateKeyAndNamesBothLines) {
  const std::string error = ErrorOf("a: 1\nb: 2\na: 3\n");
  EXPECT_THAT(error, HasSubstr("t.yaml:3:1: duplicate key"));
  EXPECT_THAT(error, HasSubstr("     3 | a: 3\n       | ^"));
}

TEST(Yaml, RefusesADuplicateKeyInANestedMap) {
  EXPECT_THAT(ErrorOf("p:\n  x: {k: 1, k: 2}\n"), HasSubstr("t.yaml:2:13: duplicate key"));
}

struct Refused {
  const char* text;
  const char* error;
};

class YamlRefuses : public ::testing::TestWithParam<Refused> {};

TEST_P(YamlRefuses, WithAPlace) {
  EXPECT_THAT(ErrorOf(GetParam().text), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, YamlRefuses,
    ::testing::Values(Refused{"a: &x 1\n", "t.yaml:1:7: YAML anchors"},
                      Refused{"a: &x 1\nb: *x\n", "YAML a"}, Refused{"a: !!int 1\n", "YAML tags"},
                      Refused{"a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document"},
                      Refused{"a: [1, 2\n", "t.yaml:"}, Refused{"a:\n\t- b\n", "t.yaml:2:"},
                      Refused{"a: 'open\n", "t.yaml:"},
                      Refused{"? [a, b]\n: 1\n", "a key must be a word"},
                      Refused{"a: b: c\n", "t.yaml:1:"}));

TEST(Yaml, RefusesDeepNestingAndHugeFiles) {
  const std::string deep = "a: " + std::string(60, '[') + std::string(60, ']') + "\n";
  EXPECT_THAT(ErrorOf(deep), HasSubstr("levels of nesting"));
  EXPECT_THAT(ErrorOf(std::string(kYamlBytesMax + 1, '#')), HasSubstr("larger than 4 MiB"));
}

TEST(Yaml, SaysWhichFileCannotBeRead) {
  const auto document = ReadYaml("no/such/file.yaml");
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(document.status().message()), HasSubstr("no/such/file.yaml"));
}

}  // namespace
}  // namespace spillway
