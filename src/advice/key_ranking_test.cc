#include "advice/key_ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "advice/testing_layout.h"

namespace spillway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int kRows = 20'000;
constexpr double kWindowBytes = 200'000;

Partitioning::Facts FactsOf(uint32_t ranges) {
  Partitioning::Facts facts;
  facts.key_levels_max = 3;
  facts.partition_bytes_max = 1'000'000'000;
  facts.ranges = ranges;
  facts.growth = TestingLayout::kPartsPerRange;
  return facts;
}

// A key whose value of row i is `value(i)`.
KeyAdvice Counted(const std::string& path, uint32_t ranges,
                  const std::function<std::string(int)>& value) {
  KeyTally tally(TestingLayout::Make(ranges), kWindowBytes);
  for (int i = 0; i < kRows; ++i) {
    const std::string key = "[" + value(i) + "]";
    EXPECT_TRUE(tally.Add({.text = key, .has_null = key == "[null]"}, 500, 8).ok());
  }
  KeyAdvice advice;
  advice.key.paths = {path};
  advice.figures = tally.Figures();
  return advice;
}

std::string Quoted(const std::string& prefix, int64_t number) {
  return "\"" + prefix + std::to_string(number) + "\"";
}

KeyAdvice Id(uint32_t ranges) {
  return Counted("/id", ranges, [](int i) { return Quoted("k", i); });
}
KeyAdvice Constant(uint32_t ranges) {
  return Counted("/country", ranges, [](int) { return std::string("\"NO\""); });
}
KeyAdvice Even(uint32_t ranges) {
  return Counted("/customer", ranges, [](int i) { return Quoted("c", i * 31 % 2000); });
}
// Zipf's law over 1,000 tenants.
KeyAdvice Zipf(uint32_t ranges) {
  std::mt19937_64 random(5);
  return Counted("/tenant", ranges, [random](int) mutable {
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    return Quoted("t", static_cast<int64_t>(std::exp(u * std::log(1000.0))));
  });
}
KeyAdvice Date(uint32_t ranges) {
  KeyAdvice advice = Counted("/day", ranges, [](int i) { return Quoted("2026-", i / 50); });
  advice.moment = true;
  return advice;
}

std::vector<std::string> Order(const std::vector<KeyAdvice>& keys) {
  std::vector<std::string> order;
  for (const KeyAdvice& key : keys) order.push_back(KeyText(key.key));
  return order;
}

const KeyAdvice& Find(const std::vector<KeyAdvice>& keys, const std::string& text) {
  return *std::find_if(keys.begin(), keys.end(),
                       [&](const KeyAdvice& key) { return KeyText(key.key) == text; });
}

TEST(RankKeys, PutsTheObviousInTheirOrder) {
  std::vector<KeyAdvice> keys = {Constant(8), Zipf(8), Date(8), Id(8), Even(8)};
  RankKeys(FactsOf(8), &keys);
  EXPECT_THAT(Order(keys), ElementsAre("/customer", "/id", "/day", "/tenant", "/country"));
  EXPECT_EQ(Find(keys, "/customer").verdict, KeyVerdict::kGood);
  EXPECT_EQ(Find(keys, "/id").verdict, KeyVerdict::kGood);
  EXPECT_EQ(Find(keys, "/day").verdict, KeyVerdict::kFair);
  EXPECT_NE(Find(keys, "/tenant").verdict, KeyVerdict::kGood);
  EXPECT_EQ(Find(keys, "/country").verdict, KeyVerdict::kPoor);
}

TEST(RankKeys, SaysWhyInWords) {
  std::vector<KeyAdvice> keys = {Constant(8), Zipf(8), Date(8), Id(8), Even(8)};
  RankKeys(FactsOf(8), &keys);
  EXPECT_THAT(Find(keys, "/country").reasons, Contains(HasSubstr("the same value")));
  EXPECT_THAT(Find(keys, "/tenant").reasons, Contains(HasSubstr("hot values: [\"t1\"]")));
  EXPECT_THAT(Find(keys, "/tenant").reasons, Contains(HasSubstr("with 32 ranges")));
  EXPECT_THAT(Find(keys, "/day").reasons, Contains(HasSubstr("new rows")));
  EXPECT_THAT(Find(keys, "/day").reasons, Contains(HasSubstr("stand together")));
  EXPECT_THAT(Find(keys, "/customer").reasons, Contains(HasSubstr("asks one range")));
  EXPECT_THAT(Find(keys, "/customer").reasons, Not(Contains(HasSubstr("stand together"))));
  EXPECT_THAT(Find(keys, "/id").reasons, Contains(HasSubstr("asks every range")));
}

TEST(RankKeys, DoesNotDependOnTheOrderItIsGiven) {
  std::vector<KeyAdvice> one = {Constant(4), Zipf(4), Date(4), Id(4), Even(4)};
  std::vector<KeyAdvice> other(one.rbegin(), one.rend());
  RankKeys(FactsOf(4), &one);
  RankKeys(FactsOf(4), &other);
  EXPECT_EQ(Order(one), Order(other));
}

TEST(RankKeys, KeepsTheConfiguredKeyWhereItIsAsGood) {
  std::vector<KeyAdvice> keys = {Even(4), Id(4)};
  keys[1].key.configured = true;
  RankKeys(FactsOf(4), &keys);
  EXPECT_THAT(Order(keys), ElementsAre("/id", "/customer"));
  keys = {Even(4), Constant(4)};
  keys[1].key.configured = true;
  RankKeys(FactsOf(4), &keys);
  EXPECT_THAT(Order(keys), ElementsAre("/customer", "/country"));
}

TEST(RankKeys, PrefersOneFieldToLevelsAndLevelsToAJoinedColumn) {
  std::vector<KeyAdvice> keys = {Even(4), Even(4), Even(4)};
  keys[0].key = {{"/a", "/b"}, true, false, false};
  keys[1].key = {{"/a", "/b"}, false, false, false};
  RankKeys(FactsOf(4), &keys);
  EXPECT_THAT(Order(keys), ElementsAre("/customer", "/a, /b", "/a + /b"));
  EXPECT_THAT(keys[1].reasons, Contains(HasSubstr("spreads as /a does")));
  EXPECT_THAT(keys[2].reasons, Contains(HasSubstr("needs a column")));
}

TEST(RankKeys, APartitionOverTheLimitIsUnfitAndOneNearItIsNamed) {
  std::vector<KeyAdvice> keys = {Even(4), Zipf(4)};
  Partitioning::Facts facts = FactsOf(4);
  facts.partition_bytes_max = static_cast<uint64_t>(keys[1].figures.largest_bytes) - 1;
  RankKeys(facts, &keys);
  EXPECT_EQ(Find(keys, "/tenant").verdict, KeyVerdict::kUnfit);
  EXPECT_THAT(Find(keys, "/tenant").reasons, Contains(HasSubstr("[\"t1\"] alone has")));
  facts.partition_bytes_max *= 2;
  facts.partition_bytes_max -= 10'000;
  RankKeys(facts, &keys);
  EXPECT_NE(Find(keys, "/tenant").verdict, KeyVerdict::kUnfit);
  EXPECT_THAT(Find(keys, "/tenant").reasons, Contains(HasSubstr("little room")));
  EXPECT_THAT(Find(keys, "/customer").reasons, Not(Contains(HasSubstr("little room"))));
}

TEST(RankKeys, ValuesThatAreTooLongAreUnfit) {
  std::vector<KeyAdvice> keys = {Even(4)};
  keys[0].figures.too_long = 3;
  RankKeys(FactsOf(4), &keys);
  EXPECT_EQ(keys[0].verdict, KeyVerdict::kUnfit);
  EXPECT_THAT(keys[0].reasons, Contains(HasSubstr("3 documents have a longer value")));
}

TEST(RankKeys, NamesNulls) {
  std::vector<KeyAdvice> keys = {
      Counted("/a", 4, [](int i) { return i % 4 == 0 ? "null" : Quoted("v", i); })};
  RankKeys(FactsOf(4), &keys);
  EXPECT_THAT(keys[0].reasons, Contains(HasSubstr("null in 25 %")));
  EXPECT_THAT(keys[0].reasons, Contains(HasSubstr("hot value: [null] (25 %)")));
}

TEST(RankKeys, OverOneRangeGrowthDecides) {
  std::vector<KeyAdvice> keys = {Constant(1), Even(1)};
  RankKeys(FactsOf(1), &keys);
  EXPECT_THAT(Order(keys), ElementsAre("/customer", "/country"));
  EXPECT_THAT(keys[0].reasons, Contains(HasSubstr("one range")));
}

}  // namespace
}  // namespace spillway
