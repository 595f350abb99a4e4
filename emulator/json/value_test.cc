#include "emulator/json/value.h"

#include <gtest/gtest.h>

namespace spillway::emulator {
namespace {

TEST(Value, KeepsTheTextOfWhatItParsed) {
  for (const std::string text : {R"({"b":1,"a":[true,false,null,"x\n\"\\\u0001é"],"c":{},"d":[]})",
                                 "-1.5", "\"\"", "1e+300", "9007199254740991", "0.1"}) {
    const Result<Value> value = ParseJson(text);
    ASSERT_TRUE(value.ok()) << value.status().ToString();
    EXPECT_EQ(ToJson(*value), text);
  }
}

TEST(Value, RefusesWhatIsNotOneJsonText) {
  for (const std::string text :
       {"", "{", "{\"a\":}", "[1,]", "tru", "1 2", "{\"a\" 1}", "\"\x01\"", "\"\xff\"", "'a'"}) {
    EXPECT_EQ(ParseJson(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(Value, RefusesDeepNesting) {
  EXPECT_TRUE(ParseJson(std::string(128, '[') + std::string(128, ']')).ok());
  EXPECT_FALSE(ParseJson(std::string(200, '[') + std::string(200, ']')).ok());
}

TEST(Value, ComparesMembersInAnyOrder) {
  EXPECT_TRUE(*ParseJson(R"({"a":1,"b":[2]})") == *ParseJson(R"({"b":[2.0],"a":1})"));
  EXPECT_FALSE(*ParseJson(R"({"a":1})") == *ParseJson(R"({"a":1,"b":2})"));
  EXPECT_FALSE(Value() == Value(Value::Null{}));
}

TEST(Value, CopiesAreIndependent) {
  Value original = *ParseJson(R"({"a":{"b":1}})");
  Value copy = original;
  copy.FindMutable("a")->Set("b", 2);
  EXPECT_EQ(ToJson(original), R"({"a":{"b":1}})");
  EXPECT_EQ(ToJson(copy), R"({"a":{"b":2}})");
}

TEST(Value, InvalidUtf8IsReplacedForMessages) {
  EXPECT_EQ(ReplaceInvalidUtf8("h\u00e9llo"), "h\u00e9llo");
  EXPECT_EQ(ReplaceInvalidUtf8("a\xff"
                               "b\xc3"),
            "a?b?");
  EXPECT_EQ(ReplaceInvalidUtf8("\xf0\x9f\x98\x80\x80"), "\xf0\x9f\x98\x80?");
}

TEST(Value, LeavesUndefinedMembersOut) {
  Value value{Object{}};
  value.Set("a", Value());
  value.Set("b", 1);
  EXPECT_EQ(ToJson(value), R"({"b":1})");
}

}  // namespace
}  // namespace spillway::emulator
