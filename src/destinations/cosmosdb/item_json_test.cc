#include "destinations/cosmosdb/item_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::cosmosdb {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

struct Pair {
  const char* a;
  const char* b;
};

TEST(SameItem, HoldsForWhatTheServiceStoresAlike) {
  const Pair pairs[] = {
      {R"({"id":"1","n":1})", R"({"n":1.0,"id":"1"})"},
      {R"({"id":"1"})",
       R"({"id":"1","_rid":"x","_self":"y","_etag":"z","_ts":1,"_attachments":""})"},
      {R"({"a":{"b":[1,2,{"c":null}]}})", R"({"a":{"b":[1.0,2e0,{"c":null}]}})"},
      {R"({"s":"\u00fc"})", "{\"s\":\"\xC3\xBC\"}"},
      {R"({"n":9007199254740993})", R"({"n":9007199254740992})"},
      {R"({"n":18446744073709551615})", R"({"n":18446744073709552000})"},
      {"{}", R"({"_ts":1})"},
  };
  for (const Pair& pair : pairs) {
    EXPECT_TRUE(SameItem(pair.a, pair.b)) << pair.a << " " << pair.b;
    EXPECT_TRUE(SameItem(pair.b, pair.a)) << pair.b << " " << pair.a;
  }
}

TEST(SameItem, DoesNotHoldForAnyDifference) {
  const Pair pairs[] = {
      {R"({"a":1})", R"({"a":2})"},
      {R"({"a":1})", R"({"a":"1"})"},
      {R"({"a":null})", "{}"},
      {R"({"a":[1,2]})", R"({"a":[2,1]})"},
      {R"({"a":[1]})", R"({"a":[1,1]})"},
      {R"({"a":{}})", R"({"a":[]})"},
      {R"({"a":true})", R"({"a":false})"},
      {R"({"a":{"_ts":1}})", R"({"a":{}})"},
      {R"({"a":1,"b":2})", R"({"a":1})"},
      {"[]", "[]"},
      {"{", "{"},
      {R"({"a":"x"})", R"({"a":"X"})"},
      {R"({"a":0})", R"({"a":false})"},
      {R"({"a":null})", R"({"b":null})"},
  };
  for (const Pair& pair : pairs) {
    EXPECT_FALSE(SameItem(pair.a, pair.b)) << pair.a << " " << pair.b;
    EXPECT_FALSE(SameItem(pair.b, pair.a)) << pair.b << " " << pair.a;
  }
}

TEST(PatchBodies, SetEveryFieldButTheKeyAndTheSystems) {
  const std::vector<std::string> key = {"/pk"};
  const auto bodies = PatchBodies(
      R"({"id":"1","pk":"p","a":1.50,"b":null,"c":{"d":[true]},"x/y~z":"\"","_ts":1})", key);
  ASSERT_TRUE(bodies.ok());
  EXPECT_THAT(*bodies, ElementsAre(R"({"operations":[{"op":"set","path":"/a","value":1.5},)"
                                   R"({"op":"set","path":"/b","value":null},)"
                                   R"({"op":"set","path":"/c","value":{"d":[true]}},)"
                                   R"({"op":"set","path":"/x~1y~0z","value":"\""}]})"));
}

TEST(PatchBodies, EnterAnObjectThatHoldsTheKey) {
  const std::vector<std::string> key = {"/a/b", "/c"};
  const auto bodies = PatchBodies(R"({"a":{"b":1,"e":2,"id":3},"c":4,"ab":{"b":5}})", key);
  EXPECT_THAT(*bodies, ElementsAre(R"({"operations":[{"op":"set","path":"/a/e","value":2},)"
                                   R"({"op":"set","path":"/a/id","value":3},)"
                                   R"({"op":"set","path":"/ab","value":{"b":5}}]})"));
}

TEST(PatchBodies, AreDividedAtTenOperations) {
  std::string fields = "{";
  for (int i = 0; i < 21; ++i) {
    fields += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":" + std::to_string(i);
  }
  const auto bodies = PatchBodies(fields + "}", {});
  ASSERT_THAT(*bodies, SizeIs(3));
  EXPECT_EQ((*bodies)[2], R"({"operations":[{"op":"set","path":"/f20","value":20}]})");
}

TEST(PatchBodies, OfNothingAreRefused) {
  const std::vector<std::string> key = {"/pk"};
  for (const char* fields : {R"({"id":"1","pk":"p"})", "{}", "[]", "", "7"}) {
    EXPECT_EQ(PatchBodies(fields, key).status().code(), StatusCode::kInvalidArgument) << fields;
  }
}

struct MergeCase {
  const char* item;
  const char* fields;
  const char* merged;
};

TEST(MergeItem, SetsGivenFieldsAndKeepsTheRest) {
  const MergeCase cases[] = {
      {R"({"id":"1","a":1,"b":2,"_ts":5,"_etag":"x"})", R"({"id":"1","b":3,"c":4})",
       R"({"id":"1","a":1,"b":3,"c":4})"},
      {R"({"p":{"unit":1,"currency":"EUR"}})", R"({"p":{"unit":2}})",
       R"({"p":{"unit":2,"currency":"EUR"}})"},
      {R"({"p":5})", R"({"p":{"unit":2}})", R"({"p":{"unit":2}})"},
      {R"({"p":{"unit":2}})", R"({"p":null})", R"({"p":null})"},
      {R"({"p":[1,2]})", R"({"p":[3]})", R"({"p":[3]})"},
      {"{}", R"({"a":{"b":{"c":1}}})", R"({"a":{"b":{"c":1}}})"},
      {R"({"a":{"_ts":1}})", R"({"b":1})", R"({"a":{"_ts":1},"b":1})"},
  };
  for (const MergeCase& c : cases) {
    const Result<std::string> merged = MergeItem(c.item, c.fields);
    ASSERT_TRUE(merged.ok()) << c.item;
    EXPECT_EQ(*merged, c.merged);
  }
  EXPECT_EQ(MergeItem("[]", "{}").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(MergeItem("{}", "{").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spillway::cosmosdb
