#include "json/json_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> DiffOf(std::string_view left, std::string_view right,
                                const std::vector<std::string>& ignored = {}, size_t max = 16) {
  auto diff = JsonDiff(left, right, ignored, max);
  EXPECT_TRUE(diff.ok()) << diff.status().ToString();
  return *diff;
}

TEST(JsonDiff, EqualDocumentsHaveNoDifference) {
  EXPECT_THAT(DiffOf(R"({"a":1,"b":[true,null]})", R"({"b":[true,null],"a":1.0})"), IsEmpty());
}

TEST(JsonDiff, NamesThePathOfEveryDifference) {
  EXPECT_THAT(DiffOf(R"({"id":"1","pricing":{"unit":1,"tax":2},"tags":["a","b"],"gone":null})",
                     R"({"id":"1","pricing":{"unit":2,"tax":2},"tags":["a","c"],"new":1})"),
              ElementsAre("pricing.unit", "tags[1]", "gone", "new"));
}

TEST(JsonDiff, AbsentDiffersFromNullAndStringsFromNumbers) {
  EXPECT_THAT(DiffOf(R"({"a":null,"b":1})", R"({"b":"1"})"), ElementsAre("a", "b"));
}

TEST(JsonDiff, AnArrayOfAnotherLengthIsOneDifference) {
  EXPECT_THAT(DiffOf(R"({"a":[1,2]})", R"({"a":[1]})"), ElementsAre("a"));
}

TEST(JsonDiff, TheListIsBounded) {
  EXPECT_THAT(DiffOf(R"({"a":1,"b":1,"c":1})", R"({})", {}, 2), ElementsAre("a", "b"));
}

TEST(JsonDiff, IgnoredFieldsCountAtTheTopOnly) {
  EXPECT_THAT(DiffOf(R"({"_ts":1,"a":{"_ts":1}})", R"({"a":{}})", {"_ts"}), ElementsAre("a._ts"));
}

TEST(JsonDiff, BrokenJsonIsDataLoss) {
  EXPECT_EQ(JsonDiff("{}", "{", {}, 1).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(JsonDiff("[]", "{}", {}, 1).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spillway
