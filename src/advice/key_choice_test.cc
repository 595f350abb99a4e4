#include "advice/key_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using testing::Contains;
using testing::Not;

std::string Text(const KeyCandidate& key) {
  std::string text;
  for (const std::string& path : key.paths) {
    text += (text.empty() ? "" : key.joined ? "+" : ",") + path;
  }
  return text;
}

std::vector<std::string> Texts(const KeyChoice& choice) {
  std::vector<std::string> texts;
  for (const KeyCandidate& key : choice.keys) texts.push_back(Text(key));
  return texts;
}

// 2,000 rows: an id, 10 tenants, 200 users of which each has one tenant, 5 kinds, a constant.
struct Shop {
  Shop() : sample(5) {
    for (int i = 0; i < 2000; ++i) {
      const int user = i * 7 % 200;
      const std::string row[] = {std::to_string(i), std::to_string(user % 10), std::to_string(user),
                                 std::to_string(i / 400), "x"};
      sample.Add(std::vector<std::string_view>(std::begin(row), std::end(row)));
    }
  }
  std::vector<KeyField> fields = {{"/id", "string", true, false, ""},
                                  {"/tenant", "string", false, false, ""},
                                  {"/user", "string", false, false, ""},
                                  {"/kind", "string", false, false, ""},
                                  {"/constant", "string", false, false, ""}};
  KeySample sample;
};

TEST(KeySample, CountsDifferentValuesAndPairs) {
  const Shop shop;
  EXPECT_EQ(shop.sample.Distinct({{0}}), 2000u);
  EXPECT_EQ(shop.sample.Distinct({{1}}), 10u);
  EXPECT_EQ(shop.sample.Distinct({{1, 2}}), 200u);
  EXPECT_EQ(shop.sample.Distinct({{1, 3}}), 50u);
  EXPECT_EQ(shop.sample.Distinct({{4}}), 1u);
}

TEST(KeySample, TakesNoMoreThanItMay) {
  KeySample sample(1);
  for (uint32_t i = 0; i < kSampleRowsMax + 10; ++i) {
    const std::string text = std::to_string(i);
    const std::string_view parts[] = {text};
    sample.Add(parts);
  }
  EXPECT_EQ(sample.rows(), kSampleRowsMax);
  EXPECT_EQ(sample.Distinct({{0}}), kSampleRowsMax);
}

TEST(ChooseKeys, TakesEveryFieldByItself) {
  const Shop shop;
  const auto keys = Texts(ChooseKeys(shop.fields, shop.sample, {}, 3));
  for (const char* path : {"/id", "/tenant", "/user", "/kind", "/constant"}) {
    EXPECT_THAT(keys, Contains(path));
  }
}

TEST(ChooseKeys, MakesLevelsFromCoarseToFine) {
  const Shop shop;
  const auto keys = Texts(ChooseKeys(shop.fields, shop.sample, {}, 3));
  EXPECT_THAT(keys, Contains("/tenant,/user"));
  EXPECT_THAT(keys, Contains("/tenant,/id"));
  EXPECT_THAT(keys, Contains("/tenant,/user,/id"));
  EXPECT_THAT(keys, Not(Contains("/user,/tenant")));
  EXPECT_THAT(keys, Not(Contains("/constant,/user")));
  EXPECT_THAT(keys, Not(Contains("/id,/user")));
}

TEST(ChooseKeys, JoinsOnlyWhatMakesMoreValues) {
  const Shop shop;
  const auto keys = Texts(ChooseKeys(shop.fields, shop.sample, {}, 3));
  EXPECT_THAT(keys, Contains("/kind+/tenant"));
  EXPECT_THAT(keys, Not(Contains("/tenant+/user")));
}

TEST(ChooseKeys, KeepsToTheLevelsOfTheDestination) {
  const Shop shop;
  for (const KeyCandidate& key : ChooseKeys(shop.fields, shop.sample, {}, 1).keys) {
    EXPECT_TRUE(key.joined || key.paths.size() == 1) << Text(key);
  }
  for (const KeyCandidate& key : ChooseKeys(shop.fields, shop.sample, {}, 2).keys) {
    EXPECT_LE(key.paths.size(), 2u) << Text(key);
  }
}

TEST(ChooseKeys, CountsWhatIsWantedOnceAndWhateverItIs) {
  Shop shop;
  shop.fields[3].unlikely = "a measure";
  const KeyChoice choice =
      ChooseKeys(shop.fields, shop.sample,
                 {{{"/kind"}, false, true, false}, {{"/tenant", "/user"}, false, false, true}}, 3);
  const auto keys = Texts(choice);
  EXPECT_TRUE(choice.keys[0].configured);
  EXPECT_TRUE(choice.keys[1].asked);
  EXPECT_EQ(std::count(keys.begin(), keys.end(), "/kind"), 1);
  EXPECT_EQ(std::count(keys.begin(), keys.end(), "/tenant,/user"), 1);
}

TEST(ChooseKeys, LeavesOutLongTexts) {
  const std::vector<KeyField> fields = {{"/id", "string", true, false, ""},
                                        {"/text", "string", false, false, ""}};
  KeySample sample(2);
  for (int i = 0; i < 100; ++i) {
    const std::string row[] = {std::to_string(i), std::string(200, 'x') + std::to_string(i % 10)};
    sample.Add(std::vector<std::string_view>(std::begin(row), std::end(row)));
  }
  const KeyChoice choice = ChooseKeys(fields, sample, {}, 3);
  EXPECT_THAT(Texts(choice), testing::ElementsAre("/id"));
  ASSERT_EQ(choice.left_out.size(), 1u);
  EXPECT_EQ(choice.left_out[0].path, "/text");
  const KeyChoice asked = ChooseKeys(fields, sample, {{{"/text"}, false, false, true}}, 3);
  EXPECT_THAT(Texts(asked), testing::UnorderedElementsAre("/id", "/text"));
  EXPECT_TRUE(asked.left_out.empty());
}

TEST(ChooseKeys, HasABoundAndSaysWhatItLeftOut) {
  std::vector<KeyField> fields = {{"/id", "string", true, false, ""}};
  for (int i = 0; i < 40; ++i) {
    fields.push_back({"/f" + std::to_string(i), "string", false, false, ""});
  }
  KeySample sample(41);
  for (int row = 0; row < 500; ++row) {
    std::vector<std::string> texts = {std::to_string(row)};
    for (int i = 0; i < 40; ++i) texts.push_back(std::to_string(row % (i + 1)));
    sample.Add(std::vector<std::string_view>(texts.begin(), texts.end()));
  }
  const KeyChoice choice = ChooseKeys(fields, sample, {}, 3);
  EXPECT_LE(choice.keys.size(),
            kSingleKeysMax + kHierarchicalKeysMax + kThreeLevelKeysMax + kJoinedKeysMax);
  EXPECT_EQ(choice.left_out.size(), 41 - kSingleKeysMax);
  for (const LeftOutKey& key : choice.left_out) EXPECT_NE(key.reason, "");
}

}  // namespace
}  // namespace spillway
