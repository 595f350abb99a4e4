#include "advice/key_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columns/array_builder.h"

namespace spillway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Paths(const KeyFields& found) {
  std::vector<std::string> paths;
  for (const KeyField& field : found.fields) paths.push_back(field.path);
  return paths;
}

std::string ReasonOf(const KeyFields& found, const std::string& path) {
  for (const LeftOutKey& left_out : found.left_out) {
    if (left_out.path == path) return left_out.reason;
  }
  return "";
}

KeyFields Find(const std::vector<NamedColumn>& columns, const DocumentOptions& options = {}) {
  return FindKeyFields(options, BuildBatch(columns).schema->get());
}

TEST(KeyFields, AreTheLeavesOfTheDocumentAndItsId) {
  const KeyFields found =
      Find({{"id", Strings({"a"})},
            {"tenant", Strings({"t"})},
            {"address", Structs({{"city", Strings({"c"})}, {"no", Int32s({1})}})}});
  EXPECT_THAT(Paths(found), ElementsAre("/id", "/tenant", "/address/city", "/address/no"));
  EXPECT_TRUE(found.Find("/id")->is_id);
  EXPECT_EQ(found.Find("/nothing"), nullptr);
}

TEST(KeyFields, FollowTheMapping) {
  DocumentOptions options;
  options.columns = {"tenant", "price"};
  options.fields = {{"who.tenant", "tenant"}, {"a", "price"}, {"b", "price"}};
  const KeyFields found =
      Find({{"k", Strings({"a"})}, {"tenant", Strings({"t"})}, {"price", Int32s({1})}}, options);
  EXPECT_THAT(Paths(found), ElementsAre("/id", "/who/tenant", "/a", "/b"));
}

TEST(KeyFields, QuoteWhatAPathWouldSplit) {
  const KeyFields found = Find({{"a/b", Strings({"x"})}, {"c\"d", Strings({"x"})}});
  EXPECT_THAT(Paths(found), ElementsAre("/id", "/\"a/b\""));
  EXPECT_THAT(ReasonOf(found, "/c\"d"), HasSubstr("name"));
  EXPECT_EQ(*NormalPath("/\"a/b\""), "/\"a/b\"");
  EXPECT_EQ(*NormalPath("/\"a\"/b"), "/a/b");
  EXPECT_FALSE(NormalPath("a").ok());
}

TEST(KeyFields, LeaveOutWhatIsNoSingleValue) {
  const KeyFields found = Find({{"tags", Lists(Strings({"x"}), {1})}});
  EXPECT_THAT(Paths(found), ElementsAre("/id"));
  EXPECT_THAT(ReasonOf(found, "/tags"), HasSubstr("list<string>"));
}

TEST(KeyFields, SayWhatIsUnlikelyAndWhatIsAMoment) {
  const KeyFields found = Find({{"price", Decimals(10, 2, {__int128{1}})},
                                {"number", Decimals(10, 0, {__int128{1}})},
                                {"ratio", Doubles({0.5})},
                                {"raw", Binaries({"x"})},
                                {"day", Dates({1})},
                                {"at", Timestamps(TimeUnit::kMicro, "UTC", {1})}});
  for (const char* path : {"/price", "/ratio", "/raw"}) {
    EXPECT_NE(found.Find(path)->unlikely, "") << path;
  }
  EXPECT_EQ(found.Find("/number")->unlikely, "");
  EXPECT_TRUE(found.Find("/day")->moment);
  EXPECT_TRUE(found.Find("/at")->moment);
  EXPECT_FALSE(found.Find("/number")->moment);
}

}  // namespace
}  // namespace spillway
