#include "destinations/cosmosdb/cosmos_json.h"

#include <gtest/gtest.h>

namespace spillway::cosmosdb {
namespace {

struct Text {
  std::string_view text;
  std::string_view json;
};

TEST(AppendJsonString, EscapesWhatJsonDemandsAndNothingElse) {
  const Text cases[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a\"b\\c/d", R"("a\"b\\c/d")"},
      {"\n\t\r\b\f", R"("\u000a\u0009\u000d\u0008\u000c")"},
      {std::string_view("\0\x1f", 2), R"("\u0000\u001f")"},
      {"\x7f", "\"\x7f\""},
      {"\xC3\xBC\xF0\x9F\x98\x80", "\"\xC3\xBC\xF0\x9F\x98\x80\""},
  };
  for (const Text& c : cases) {
    std::string json;
    AppendJsonString(c.text, &json);
    EXPECT_EQ(json, c.json);
  }
}

TEST(AsciiJson, KeepsAsciiAndEscapesTheRest) {
  const Text cases[] = {
      {R"(["a\"\\",1.5,{}])", R"(["a\"\\",1.5,{}])"},
      {"[\"\xC3\xBC\"]", R"(["\u00fc"])"},
      {"[\"\xE2\x82\xAC\"]", R"(["\u20ac"])"},
      {"[\"\xF0\x9F\x98\x80\"]", R"(["\ud83d\ude00"])"},
      {"[\"\xEF\xBF\xBF\"]", R"(["\uffff"])"},
      {"\xC3", R"(\ufffd)"},       // cut off
      {"\xC3\x28", R"(\ufffd()"},  // no continuation
      {"\xFF\xC0\x80", R"(\ufffd\ufffd\ufffd)"},
  };
  for (const Text& c : cases) EXPECT_EQ(AsciiJson(c.text), c.json);
}

TEST(JsonDocument, SaysWhoseTextIsBroken) {
  const Result<JsonDocument> json = JsonDocument::Parse("{", "the account resource");
  EXPECT_EQ(json.status().code(), StatusCode::kDataLoss);
  EXPECT_NE(json.status().message().find("the account resource"), std::string_view::npos);
}

TEST(JsonDocument, MembersOfAnotherTypeAreTheFallback) {
  const auto json = JsonDocument::Parse(R"({"s":"x","i":3,"b":true,"a":[1],"n":null})", "test");
  EXPECT_EQ(StringMember(json->root(), "s"), "x");
  EXPECT_EQ(StringMember(json->root(), "i", "?"), "?");
  EXPECT_EQ(StringMember(json->root(), "none", "?"), "?");
  EXPECT_EQ(IntMember(json->root(), "i"), 3);
  EXPECT_EQ(IntMember(json->root(), "n", -1), -1);
  EXPECT_TRUE(BoolMember(json->root(), "b"));
  EXPECT_FALSE(BoolMember(json->root(), "s"));
  EXPECT_EQ(ArrayMember(json->root(), "a").size(), 1u);
  size_t count = 0;
  for ([[maybe_unused]] auto element : ArrayMember(json->root(), "none")) ++count;
  EXPECT_EQ(count, 0u);
}

}  // namespace
}  // namespace spillway::cosmosdb
