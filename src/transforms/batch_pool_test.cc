#include "transforms/batch_pool.h"

#include <gtest/gtest.h>

#include <thread>

namespace spillway {
namespace {

std::shared_ptr<EncodedBatch> Filled(BatchPool& pool, size_t bytes) {
  std::shared_ptr<EncodedBatch> batch = pool.Take();
  batch->bytes.assign(bytes, 'x');
  return batch;
}

TEST(BatchPool, ABatchThatWasLetGoIsTheNextOne) {
  const auto pool = std::make_shared<BatchPool>();
  const char* const text = Filled(*pool, 100'000)->bytes.data();
  EXPECT_GE(pool->spare_bytes(), 100'000u);
  const std::shared_ptr<EncodedBatch> again = pool->Take();
  EXPECT_EQ(again->bytes.data(), text);
  EXPECT_EQ(again->bytes.size(), 100'000u);
  EXPECT_EQ(pool->spare_bytes(), 0u);
}

TEST(BatchPool, NothingOfTheEarlierBatchIsLeftButItsText) {
  const auto pool = std::make_shared<BatchPool>();
  {
    const std::shared_ptr<EncodedBatch> batch = Filled(*pool, 10);
    batch->documents.resize(3);
    batch->rejected.resize(2);
    batch->rows_read = 5;
    batch->rows_filtered = 1;
    batch->split = 7;
    batch->first_row = 9;
  }
  const std::shared_ptr<EncodedBatch> again = pool->Take();
  EXPECT_GE(again->documents.capacity(), 3u);
  EXPECT_TRUE(again->documents.empty());
  EXPECT_TRUE(again->rejected.empty());
  EXPECT_EQ(again->rows_read + again->rows_filtered + again->split + again->first_row, 0u);
}

TEST(BatchPool, BatchesInUseAreNotShared) {
  const auto pool = std::make_shared<BatchPool>();
  const std::shared_ptr<EncodedBatch> one = Filled(*pool, 10);
  const std::shared_ptr<EncodedBatch> other = pool->Take();
  EXPECT_NE(one, other);
  EXPECT_TRUE(other->bytes.empty());
}

TEST(BatchPool, SparesBeyondTheBoundAreFreed) {
  const auto pool = std::make_shared<BatchPool>();
  {
    const auto one = Filled(*pool, BatchPool::kSpareBytesMax / 2);
    const auto two = Filled(*pool, BatchPool::kSpareBytesMax / 2 + 1);
    const auto huge = Filled(*pool, BatchPool::kSpareBytesMax + 1);
  }
  EXPECT_GT(pool->spare_bytes(), 0u);
  EXPECT_LE(pool->spare_bytes(), BatchPool::kSpareBytesMax);
}

TEST(BatchPool, ABatchMayOutliveItsPoolsOwner) {
  auto pool = std::make_shared<BatchPool>();
  const std::weak_ptr<BatchPool> watched = pool;
  std::shared_ptr<EncodedBatch> batch = Filled(*pool, 10);
  pool.reset();
  EXPECT_EQ(batch->bytes, "xxxxxxxxxx");
  batch.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(BatchPool, ThreadsTakeAndLetGoAtWill) {
  const auto pool = std::make_shared<BatchPool>();
  std::vector<std::jthread> threads;
  for (size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&pool, thread] {
      for (size_t i = 0; i < 2'000; ++i) {
        const std::shared_ptr<EncodedBatch> batch = pool->Take();
        batch->bytes.assign(thread + 1, static_cast<char>('a' + thread));
        ASSERT_EQ(batch->bytes, std::string(thread + 1, static_cast<char>('a' + thread)));
      }
    });
  }
}

}  // namespace
}  // namespace spillway
