#include "destinations/cosmosdb/partition_key_ranges.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "destinations/cosmosdb/partition_key.h"

namespace spillway::cosmosdb {
namespace {

PartitionKeyRange Range(std::string id, const char* min, const char* max,
                        std::vector<std::string> parents = {}) {
  return {std::move(id), *EpkFromHex(min), *EpkFromHex(max), std::move(parents)};
}

constexpr char kQuarter[] = "0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
constexpr char kHalf[] = "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
constexpr char kThree[] = "2FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";

struct Routed {
  const char* key;
  const char* range;
};

class FourRanges : public testing::TestWithParam<Routed> {};

TEST_P(FourRanges, HoldTheKeyWhereTheServiceDoes) {
  const RangeMapPointer map =
      PartitionKeyRangeMap::Combine({Range("2", kHalf, kThree), Range("0", "", kQuarter),
                                     Range("3", kThree, "FF"), Range("1", kQuarter, kHalf)});
  ASSERT_NE(map, nullptr);
  std::string epk;
  ASSERT_TRUE(EpkOfText(HashKind::kV2, GetParam().key, &epk).ok());
  EXPECT_EQ((*map)[map->Find(epk)].id, GetParam().range) << GetParam().key;
}

INSTANTIATE_TEST_SUITE_P(Keys, FourRanges,
                         testing::Values(Routed{R"(["tenant1"])", "0"},
                                         Routed{R"(["user-42"])", "0"}, Routed{"[10]", "0"},
                                         Routed{"[true]", "0"}, Routed{"[0]", "1"},
                                         Routed{"[2]", "1"}, Routed{R"(["tenant2"])", "2"},
                                         Routed{R"(["redmond"])", "2"}, Routed{"[1]", "2"},
                                         Routed{"[false]", "2"}, Routed{R"(["a"])", "3"},
                                         Routed{"[100]", "3"}, Routed{"[null]", "3"}));

TEST(RangeMap, BoundsAreInclusiveBelowAndPaddedZerosMeanNothing) {
  const RangeMapPointer map = PartitionKeyRangeMap::Combine(
      {Range("0", "", "06AB0000000000000000000000000000"), Range("1", "06AB", "FF")});
  ASSERT_NE(map, nullptr) << "the same bound written with and without padding";
  EXPECT_EQ((*map)[map->Find("")].id, "0");
  EXPECT_EQ((*map)[map->Find(*EpkFromHex("06AAFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"))].id, "0");
  EXPECT_EQ((*map)[map->Find(*EpkFromHex("06AB"))].id, "1");
  EXPECT_EQ((*map)[map->Find(*EpkFromHex("06AB000000000000000000000000000000000000"))].id, "1");
  EXPECT_EQ((*map)[map->Find(*EpkFromHex("3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"))].id, "1");
}

TEST(RangeMap, ParentsOfAnyGenerationAreDropped) {
  const RangeMapPointer map = PartitionKeyRangeMap::Combine(
      {Range("0", "", "FF"), Range("1", "", kHalf, {"0"}), Range("2", kHalf, "FF", {"0"}),
       Range("3", "", kQuarter, {"0", "1"}), Range("4", kQuarter, kHalf, {"0", "1"})});
  ASSERT_NE(map, nullptr);
  ASSERT_EQ(map->size(), 3u);
  EXPECT_EQ((*map)[0].id, "3");
  EXPECT_EQ((*map)[1].id, "4");
  EXPECT_EQ((*map)[2].id, "2");
}

TEST(RangeMap, AMergeHasTwoParents) {
  const RangeMapPointer map = PartitionKeyRangeMap::Combine(
      {Range("1", "", kHalf), Range("2", kHalf, "FF"), Range("5", "", "FF", {"1", "2"})});
  ASSERT_NE(map, nullptr);
  EXPECT_EQ(map->size(), 1u);
}

TEST(RangeMap, GapsAndOverlapsAreNoMap) {
  EXPECT_EQ(PartitionKeyRangeMap::Combine({}), nullptr);
  EXPECT_EQ(PartitionKeyRangeMap::Combine({Range("0", "", kHalf)}), nullptr);
  EXPECT_EQ(PartitionKeyRangeMap::Combine({Range("0", kHalf, "FF")}), nullptr);
  EXPECT_EQ(PartitionKeyRangeMap::Combine({Range("0", "", kQuarter), Range("1", kHalf, "FF")}),
            nullptr);
  EXPECT_EQ(PartitionKeyRangeMap::Combine({Range("0", "", kHalf), Range("1", kQuarter, "FF")}),
            nullptr);
  EXPECT_EQ(PartitionKeyRangeMap::Combine({Range("0", "", "FF"), Range("1", "", kHalf, {"0"})}),
            nullptr)
      << "one child is not listed yet";
}

TEST(RangeMap, FindsTheRangesThatAnIntervalTouches) {
  const RangeMapPointer map = PartitionKeyRangeMap::Combine(
      {Range("0", "", kQuarter), Range("1", kQuarter, kHalf), Range("2", kHalf, "FF")});
  const auto overlapping = [&](const char* min, const char* max) {
    return map->Overlapping(*EpkFromHex(min), *EpkFromHex(max));
  };
  EXPECT_EQ(overlapping("", "FF"), (std::pair<size_t, size_t>(0, 3)));
  EXPECT_EQ(overlapping(kQuarter, kHalf), (std::pair<size_t, size_t>(1, 2)));
  EXPECT_EQ(overlapping("00", "10"), (std::pair<size_t, size_t>(0, 2)));
  EXPECT_EQ(overlapping("30", "FF"), (std::pair<size_t, size_t>(2, 3)));
}

// Plays the incremental feed from a list of pages.
class Feed {
 public:
  explicit Feed(std::vector<RangePage> pages) : pages_(std::move(pages)) {}
  RangeSource source() {
    return [this](const std::string& etag, const CallContext&) -> Result<RangePage> {
      etags_.push_back(etag);
      if (next_ == pages_.size())
        return RangePage{.not_modified = true, .etag = etag, .ranges = {}};
      return pages_[next_++];
    };
  }
  std::vector<std::string> etags_;
  std::vector<RangePage> pages_;
  size_t next_ = 0;
};

TEST(RangeCache, ReadsOnceAndThenOnlyWhatIsNew) {
  Feed feed({{false, "e1", {Range("0", "", "FF")}}});
  PartitionKeyRangeCache cache;
  const auto first = cache.Get(feed.source(), {});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(feed.etags_, (std::vector<std::string>{"", "e1"}));
  EXPECT_EQ(*cache.Get(feed.source(), {}), *first);
  EXPECT_EQ(feed.etags_.size(), 2u);

  feed.pages_.push_back(
      {false, "e2", {Range("1", "", kHalf, {"0"}), Range("2", kHalf, "FF", {"0"})}});
  const auto second = cache.Refresh(feed.source(), *first, {});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->size(), 2u);
  EXPECT_EQ(feed.etags_[2], "e1");
  EXPECT_EQ(*cache.Refresh(feed.source(), *first, {}), *second) << "somebody was faster";
  EXPECT_EQ(feed.etags_.size(), 4u);
}

TEST(RangeCache, NothingNewIsTheSameMapAgain) {
  Feed feed({{false, "e1", {Range("0", "", "FF")}}});
  PartitionKeyRangeCache cache;
  const auto first = cache.Get(feed.source(), {});
  EXPECT_EQ(*cache.Refresh(feed.source(), *first, {}), *first);
}

TEST(RangeCache, AServerWithoutEtagsIsReadOnce) {
  Feed feed({{false, "", {Range("0", "", "FF")}}});
  PartitionKeyRangeCache cache;
  EXPECT_TRUE(cache.Get(feed.source(), {}).ok());
  EXPECT_EQ(feed.etags_.size(), 1u);
}

TEST(RangeCache, AContainerMadeAnewIsReadFromScratch) {
  Feed feed({{false, "e1", {Range("0", "", kHalf), Range("1", kHalf, "FF")}},
             {true, "e1", {}},
             {false, "e2", {Range("0", "", "FF")}},
             {true, "e2", {}},
             {false, "e2", {Range("0", "", "FF")}}});
  PartitionKeyRangeCache cache;
  const auto first = cache.Get(feed.source(), {});
  const auto second = cache.Refresh(feed.source(), *first, {});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->size(), 1u);
}

TEST(RangeCache, GapsThatStayAreUnavailableAndHealLater) {
  Feed feed({{false, "e1", {Range("0", "", kHalf)}}});
  PartitionKeyRangeCache cache;
  EXPECT_EQ(cache.Get(feed.source(), {}).status().code(), StatusCode::kUnavailable);
  feed.pages_.push_back({false, "e1", {Range("0", "", "FF")}});
  EXPECT_TRUE(cache.Get(feed.source(), {}).ok());
}

TEST(RangeCache, AFailedReadIsTheCallersErrorAndLeavesTheOldMap) {
  Feed feed({{false, "e1", {Range("0", "", "FF")}}});
  PartitionKeyRangeCache cache;
  const auto first = cache.Get(feed.source(), {});
  const RangeSource broken = [](const std::string&, const CallContext&) -> Result<RangePage> {
    return Throttled("metadata budget");
  };
  EXPECT_EQ(cache.Refresh(broken, *first, {}).status().code(), StatusCode::kThrottled);
  EXPECT_EQ(*cache.Get(broken, {}), *first);
}

TEST(RangeCache, ManyCallersCauseOneRead) {
  std::atomic<int> reads = 0;
  std::binary_semaphore started(0), go(0);
  const RangeSource source = [&](const std::string& etag, const CallContext&) -> Result<RangePage> {
    if (!etag.empty()) return RangePage{.not_modified = true, .etag = etag, .ranges = {}};
    if (++reads == 1) {
      started.release();
      go.acquire();
    }
    return RangePage{false, "e1", {Range("0", "", "FF")}};
  };
  PartitionKeyRangeCache cache;
  std::vector<std::jthread> callers;
  callers.emplace_back([&] { EXPECT_TRUE(cache.Get(source, {}).ok()); });
  started.acquire();
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(cache.Get(source, {}).ok()); });
  }
  go.release();
  callers.clear();
  EXPECT_EQ(reads, 1);
}

TEST(RangeCache, AStopEndsTheWaitForAnothersRead) {
  std::binary_semaphore started(0), go(0);
  const RangeSource slow = [&](const std::string&, const CallContext&) -> Result<RangePage> {
    started.release();
    go.acquire();
    return RangePage{false, "", {Range("0", "", "FF")}};
  };
  PartitionKeyRangeCache cache;
  std::jthread reader([&] { (void)cache.Get(slow, {}); });
  started.acquire();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(cache.Get(slow, {.stop = stop.get_token()}).status().code(), StatusCode::kCancelled);
  go.release();
}

}  // namespace
}  // namespace spillway::cosmosdb
