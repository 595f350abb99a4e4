#include "base/human.h"

#include <gtest/gtest.h>

#include "base/json_writer.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Human, GroupsDigitsByThousands) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(1000), "1,000");
  EXPECT_EQ(HumanCount(1234567), "1,234,567");
  EXPECT_EQ(HumanCount(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Human, NamesUnitsOfBytesTimeAndShares) {
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
  EXPECT_EQ(HumanBytes(256ull << 20), "256.0 MiB");
  EXPECT_EQ(HumanDuration(milliseconds(850)), "850 ms");
  EXPECT_EQ(HumanDuration(milliseconds(12'400)), "12.4 s");
  EXPECT_EQ(HumanDuration(seconds(200)), "3 min 20 s");
  EXPECT_EQ(HumanDuration(seconds(7500)), "2 h 5 min");
  EXPECT_EQ(HumanDuration(std::chrono::hours(76)), "3 days 4 h");
  EXPECT_EQ(HumanShare(0.001), "0.1 %");
  EXPECT_EQ(HumanShare(0.37), "37 %");
  EXPECT_EQ(HumanShare(0.0001), "< 0.1 %");
  EXPECT_EQ(HumanPlural(1, "row"), "1 row");
  EXPECT_EQ(HumanPlural(2, "row"), "2 rows");
}

TEST(JsonWriter, WritesNestedValuesOnOneLine) {
  JsonWriter json;
  json.BeginObject().Field("a", "x").Key("b").BeginArray().Int(-1).Bool(true).Null().EndArray();
  json.Key("c").BeginObject().EndObject().Field("d", 0.1).EndObject();
  EXPECT_EQ(json.text(), R"({"a":"x","b":[-1,true,null],"c":{},"d":0.1})");
}

TEST(JsonWriter, IndentsWhenAsked) {
  JsonWriter json(2);
  json.BeginObject()
      .Field("a", uint64_t{1})
      .Key("b")
      .BeginArray()
      .String("x")
      .EndArray()
      .EndObject();
  EXPECT_EQ(json.text(), "{\n  \"a\": 1,\n  \"b\": [\n    \"x\"\n  ]\n}");
}

TEST(JsonWriter, EscapesWhatJsonCannotHold) {
  EXPECT_EQ(JsonQuoted("a\"b\\c\n\t\x01 ü"), "\"a\\\"b\\\\c\\n\\t\\u0001 ü\"");
}

}  // namespace
}  // namespace spillway
