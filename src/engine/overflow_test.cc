#include "engine/overflow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace spillway {
namespace {

using testing::HasSubstr;

class OverflowTest : public testing::Test {
 protected:
  OverflowTest() { std::filesystem::remove_all(folder_); }
  ~OverflowTest() override { std::filesystem::remove_all(folder_); }

  // A document of each number, in one part.
  Status Put(uint32_t lane, const std::vector<uint32_t>& numbers) {
    std::vector<std::string> texts;
    for (const uint32_t n : numbers) {
      for (const char* kind : {"body", "id", "key", "etag"}) {
        texts.push_back(fmt::format("{}{}", kind, n));
      }
    }
    std::vector<Document> documents(numbers.size());
    std::vector<const Document*> pointers;
    for (size_t i = 0; i < numbers.size(); ++i) {
      documents[i] = {.intent = numbers[i] % 2 == 0 ? Intent::kUpsert : Intent::kDelete,
                      .body = texts[4 * i],
                      .id = texts[4 * i + 1],
                      .partition_key = texts[4 * i + 2],
                      .etag = texts[4 * i + 3],
                      .identity = {numbers[i], 1},
                      .route = {numbers[i], 2},
                      .row = numbers[i]};
      pointers.push_back(&documents[i]);
    }
    EncodedBatch of;
    of.split = 3;
    of.first_row = 50;
    return overflow_.Put(lane, of, pointers, parts_);
  }

  // The numbers of the part that is taken, after a look at all that its documents hold.
  std::vector<uint32_t> Take(uint32_t lane) {
    const Result<BatchInFlight*> part = overflow_.Take(lane);
    EXPECT_TRUE(part.ok()) << part.status().ToString();
    std::vector<uint32_t> numbers;
    if (!part.ok() || *part == nullptr) return numbers;
    EXPECT_EQ((*part)->encoded().split, 3u);
    EXPECT_EQ((*part)->encoded().first_row, 50u);
    EXPECT_EQ((*part)->parts(), parts_.get());
    for (const uint32_t index : (*part)->order()) {
      const Document& document = (*part)->document(index);
      const uint32_t n = document.row;
      EXPECT_EQ(document.intent, n % 2 == 0 ? Intent::kUpsert : Intent::kDelete);
      EXPECT_EQ(document.body, fmt::format("body{}", n));
      EXPECT_EQ(document.id, fmt::format("id{}", n));
      EXPECT_EQ(document.partition_key, fmt::format("key{}", n));
      EXPECT_EQ(document.etag, fmt::format("etag{}", n));
      EXPECT_EQ(document.identity, (Hash128{n, 1}));
      EXPECT_EQ(document.route, (Hash128{n, 2}));
      numbers.push_back(n);
    }
    return numbers;
  }

  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "overflow_test";
  OpenBatches batches_{[](BatchInFlight&) { return Status::Ok(); }};
  const std::shared_ptr<BatchParts> parts_ = std::make_shared<BatchParts>(9, 1000, Budget::Share());
  Overflow overflow_{(folder_ / "p.overflow").string(), 3, batches_};
};

TEST_F(OverflowTest, GivesEachLaneItsDocumentsInTheOrderInWhichTheyCame) {
  ASSERT_TRUE(Put(1, {7, 8}).ok());
  ASSERT_TRUE(Put(2, {1}).ok());
  ASSERT_TRUE(Put(1, {3, 4, 5}).ok());
  EXPECT_FALSE(overflow_.holds(0));
  EXPECT_TRUE(overflow_.holds(1));
  EXPECT_EQ(overflow_.documents(), 6u);
  EXPECT_EQ(Take(1), (std::vector<uint32_t>{7, 8}));
  EXPECT_TRUE(overflow_.holds(1));
  EXPECT_EQ(Take(1), (std::vector<uint32_t>{3, 4, 5}));
  EXPECT_FALSE(overflow_.holds(1));
  EXPECT_EQ(Take(2), (std::vector<uint32_t>{1}));
  EXPECT_EQ(overflow_.documents(), 0u);
}

TEST_F(OverflowTest, HasNothingForALaneThatIsNotBehind) {
  EXPECT_TRUE(Take(0).empty());
}

TEST_F(OverflowTest, IsUsedAgainAfterItWasEmpty) {
  for (uint32_t round = 0; round < 3; ++round) {
    ASSERT_TRUE(Put(0, {round, round + 10}).ok());
    EXPECT_EQ(Take(0), (std::vector<uint32_t>{round, round + 10}));
  }
}

TEST_F(OverflowTest, ItsFileHasNoNameForOthersToFind) {
  ASSERT_TRUE(Put(0, {1}).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(OverflowTest, AFolderThatCannotBeMadeIsNamed) {
  Overflow overflow("/proc/no/such/p.overflow", 1, batches_);
  const Status failed = overflow.Put(0, {}, {}, parts_);
  EXPECT_FALSE(failed.ok());
  EXPECT_THAT(std::string(failed.message()), HasSubstr("/proc/no"));
}

TEST(BatchParts, TheLastPartHasWhatAllOfThemHave) {
  Budget places(1);
  BatchParts parts(2, 10, *places.Take(1, {}));
  IntentCounts first;
  first.read = 10;
  first.upserted = 6;
  EXPECT_FALSE(parts.Add(first, {RejectedRow()}).has_value());
  EXPECT_EQ(places.taken(), 1u);
  IntentCounts second;
  second.upserted = 3;
  const auto whole = parts.Add(second, {RejectedRow()});
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->rows, 10u);
  EXPECT_EQ(whole->counts.read, 10u);
  EXPECT_EQ(whole->counts.upserted, 9u);
  EXPECT_EQ(whole->rejected.size(), 2u);
  EXPECT_EQ(whole->place.amount(), 1u);
}

}  // namespace
}  // namespace spillway
