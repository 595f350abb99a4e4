#include "emulator/json/document_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace spillway::emulator {
namespace {

Result<ScannedDocument> ScanText(std::string text,
                                 const std::vector<std::vector<std::string>>& watched = {{"pk"}}) {
  const size_t size = text.size();
  text.resize(size + kJsonPaddingBytes, ' ');
  return DocumentScanner(watched).Scan(std::string_view(text).substr(0, size));
}

TEST(DocumentScan, StoresTheTextWithoutTheClosingBrace) {
  struct {
    std::string text, body;
  } const cases[] = {
      {R"({"id":"1","pk":"a"})", R"({"id":"1","pk":"a")"},
      {"  { \"id\" : \"1\" }\n", R"({ "id" : "1")"},
      {"{}", "{"},
      {R"({"id":"1","_rid":"x","pk":2})", R"({"id":"1","pk":2)"},
      {R"({"_self":"x","id":"1","_etag":"\"e\"","_attachments":"a", "_ts" : 12345678901234567890 })",
       R"({"id":"1")"},
      {R"({"_ts":1})", "{"},
      {R"({"a":{"_ts":1}})", R"({"a":{"_ts":1})"},
      {R"({"n":9007199254740993,"m":[0.1,12345678901234567890]})",
       R"({"n":9007199254740992,"m":[0.1,1.2345678901234567e+19])"},
  };
  for (const auto& test : cases) {
    const auto scanned = ScanText(test.text);
    ASSERT_TRUE(scanned.ok()) << test.text << scanned.status().ToString();
    EXPECT_EQ(scanned->body, test.body);
  }
}

TEST(DocumentScan, FindsWatchedValuesOfEveryType) {
  const auto scanned = ScanText(
      R"({"s":"x\u0041","n":1.5,"t":true,"z":null,"o":{"p":{"q":"deep"}},"a":[1]})",
      {{"s"}, {"n"}, {"t"}, {"z"}, {"o", "p", "q"}, {"a"}, {"missing"}, {"o", "p"}, {"s", "x"}});
  ASSERT_TRUE(scanned.ok());
  EXPECT_EQ(std::get<std::string>(scanned->watched[0]), "xA");
  EXPECT_EQ(std::get<double>(scanned->watched[1]), 1.5);
  EXPECT_EQ(std::get<bool>(scanned->watched[2]), true);
  EXPECT_TRUE(std::holds_alternative<cosmosdb::NullKey>(scanned->watched[3]));
  EXPECT_EQ(std::get<std::string>(scanned->watched[4]), "deep");
  EXPECT_TRUE(std::holds_alternative<CompositeValue>(scanned->watched[5]));
  EXPECT_TRUE(std::holds_alternative<cosmosdb::UndefinedKey>(scanned->watched[6]));
  EXPECT_TRUE(std::holds_alternative<CompositeValue>(scanned->watched[7]));
  EXPECT_TRUE(std::holds_alternative<cosmosdb::UndefinedKey>(scanned->watched[8]));
  EXPECT_EQ(scanned->properties, 6u);
}

TEST(DocumentScan, TellsIdAndTtl) {
  EXPECT_EQ(ScanText(R"({"id":"a\"b"})")->id, "a\"b");
  EXPECT_EQ(ScanText(R"({"x":1})")->id, std::nullopt);
  EXPECT_FALSE(ScanText(R"({"id":5})")->id_is_string);
  EXPECT_FALSE(ScanText(R"({"id":{}})")->id_is_string);
  EXPECT_EQ(ScanText(R"({"ttl":60})")->ttl_seconds, 60);
  EXPECT_TRUE(std::isnan(ScanText(R"({"ttl":"60"})")->ttl_seconds));
  EXPECT_FALSE(ScanText(R"({"a":{"ttl":60}})")->has_ttl);
  EXPECT_EQ(std::get<std::string>(ScanText(R"({"id":"i"})", {{"id"}})->watched[0]), "i");
}

TEST(DocumentScan, RefusesEveryBrokenText) {
  for (const std::string text : {"",
                                 "  ",
                                 "[]",
                                 "\"a\"",
                                 "1",
                                 "{",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{\"a\":1,}",
                                 "{\"a\":tru}",
                                 "{\"a\":nul}",
                                 "{\"a\":01}",
                                 "{\"a\":1.}",
                                 "{\"a\":-}",
                                 "{\"a\":\"\\x\"}",
                                 "{\"a\":[1,2}",
                                 "{\"a\":[1 2]}",
                                 "{\"a\":{\"b\":nope}}",
                                 "{\"a\":1}{\"b\":2}",
                                 "{\"a\":1} x",
                                 "{\"a\":\"\xff\"}",
                                 "{\"a\":\"\x01\"}",
                                 "{\"a\\q\":1}",
                                 "{a:1}",
                                 "{\"a\":{\"b\\q\":1}}"}) {
    EXPECT_EQ(ScanText(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(DocumentScan, RefusesDeepNesting) {
  const auto nested = [](int depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(ScanText(nested(128)).ok());
  EXPECT_FALSE(ScanText(nested(129)).ok());
}

TEST(PropertyPath, TakesNestedAndQuotedNames) {
  using testing::ElementsAre;
  EXPECT_THAT(*ParsePropertyPath("/a"), ElementsAre("a"));
  EXPECT_THAT(*ParsePropertyPath("/a/b c"), ElementsAre("a", "b c"));
  EXPECT_THAT(*ParsePropertyPath("/\"a/b\"/c"), ElementsAre("a/b", "c"));
  for (const std::string path : {"", "a", "/", "/a//b", "/\"a", "/a/"}) {
    EXPECT_FALSE(ParsePropertyPath(path).ok()) << path;
  }
}

}  // namespace
}  // namespace spillway::emulator
