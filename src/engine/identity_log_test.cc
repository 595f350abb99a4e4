#include "engine/identity_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/duplicate_finder.h"

namespace spillway {
namespace {

class IdentityLogTest : public testing::Test {
 protected:
  IdentityLogTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    path_ = IdentityLog::PathFor(folder_.string(), "p", "1");
  }
  ~IdentityLogTest() override { std::filesystem::remove_all(folder_); }

  static void Append(IdentityLog& log, uint32_t split, uint64_t first_row,
                     const std::vector<std::string>& keys, const std::vector<RowFate>& fates = {}) {
    auto encoded = std::make_shared<EncodedBatch>();
    encoded->split = split;
    encoded->first_row = first_row;
    encoded->rows_read = keys.size();
    for (const std::string& key : keys) {
      Document document;
      document.identity = Murmur3x64_128(key);
      document.row = static_cast<uint32_t>(encoded->documents.size());
      encoded->documents.push_back(document);
    }
    BatchInFlight batch(encoded, {});
    for (uint32_t i = 0; i < keys.size(); ++i) {
      batch.SetFate(i, fates.empty() ? RowFate::kUpserted : fates[i]);
    }
    ASSERT_TRUE(log.Append(batch).ok());
  }

  struct Found {
    uint64_t rows = 0;
    std::vector<DuplicateGroup> groups;
  };
  Found Find(IdentityLog& log, uint64_t memory = 1 << 20) {
    Found found;
    const auto rows = FindDuplicates(log, (folder_ / "sorted").string(), memory,
                                     [&](const DuplicateGroup& group) {
                                       found.groups.push_back(group);
                                       return Status::Ok();
                                     },
                                     {});
    EXPECT_TRUE(rows.ok()) << rows.status().ToString();
    if (rows.ok()) found.rows = *rows;
    return found;
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(IdentityLogTest, RowsOfOneIdentityAreFoundAcrossSplits) {
  auto log = *IdentityLog::Create(path_);
  Append(*log, 0, 0, {"a", "b", "c"});
  Append(*log, 3, 10, {"d", "a"});
  Append(*log, 1, 7, {"a"});
  const Found found = Find(*log);
  EXPECT_EQ(found.rows, 6u);
  ASSERT_EQ(found.groups.size(), 1u);
  EXPECT_EQ(found.groups[0].rows, 3u);
  EXPECT_EQ(found.groups[0].rows_upserted, 3u);
  EXPECT_EQ(found.groups[0].first, (RowPlace{0, 0}));
  EXPECT_EQ(found.groups[0].last, (RowPlace{3, 11}));
  EXPECT_EQ(found.groups[0].last_upserted, (RowPlace{3, 11}));
}

TEST_F(IdentityLogTest, ARowThatWasReadAgainAfterACrashIsOneRow) {
  auto log = *IdentityLog::Create(path_);
  Append(*log, 0, 0, {"a", "b"});
  Append(*log, 0, 0, {"a", "b", "c"});
  const Found found = Find(*log);
  EXPECT_EQ(found.rows, 3u);
  EXPECT_TRUE(found.groups.empty());
}

TEST_F(IdentityLogTest, RejectedRowsHaveNoPartAndSuppressedOnesDoNotWin) {
  auto log = *IdentityLog::Create(path_);
  Append(*log, 0, 0, {"a", "a", "b", "b"},
         {RowFate::kUpserted, RowFate::kSuppressed, RowFate::kUpserted, RowFate::kRejected});
  const Found found = Find(*log);
  EXPECT_EQ(found.rows, 3u);
  ASSERT_EQ(found.groups.size(), 1u);
  EXPECT_EQ(found.groups[0].rows_upserted, 1u);
  EXPECT_EQ(found.groups[0].last, (RowPlace{0, 1}));
  EXPECT_EQ(found.groups[0].last_upserted, (RowPlace{0, 0}));
}

TEST_F(IdentityLogTest, WhatWasSyncedIsThereAfterACrashAndATornEndIsCutOff) {
  {
    auto log = *IdentityLog::Create(path_);
    Append(*log, 0, 0, {"a", "b"});
    ASSERT_TRUE(log->Sync().ok());
    Append(*log, 0, 2, {"lost"});
  }
  std::ofstream(path_, std::ios::app) << "half a block";
  auto log = *IdentityLog::Continue(path_);
  EXPECT_EQ(log->records_found(), 2u);
  Append(*log, 1, 0, {"a"});
  const Found found = Find(*log);
  EXPECT_EQ(found.rows, 3u);
  EXPECT_EQ(found.groups.size(), 1u);
}

TEST_F(IdentityLogTest, ManyRowsAreSearchedInLittleMemory) {
  auto log = *IdentityLog::Create(path_);
  std::vector<std::string> keys;
  for (int i = 0; i < 50'000; ++i) keys.push_back(fmt::format("key-{}", i % 49'990));
  Append(*log, 0, 0, keys);
  const Found found = Find(*log, 64 << 10);
  EXPECT_EQ(found.rows, 50'000u);
  EXPECT_EQ(found.groups.size(), 10u);
}

TEST_F(IdentityLogTest, DamageInTheMiddleIsFoundAndSaid) {
  auto log = *IdentityLog::Create(path_);
  Append(*log, 0, 0, {"a", "b"});
  ASSERT_TRUE(log->Sync().ok());
  {
    std::fstream file(path_, std::ios::in | std::ios::out);
    file.seekp(30);
    file.put('x');
  }
  const auto found =
      FindDuplicates(*log, (folder_ / "sorted").string(), 1 << 20, {}, CallContext{});
  EXPECT_EQ(found.status().code(), StatusCode::kDataLoss);
  EXPECT_FALSE(found.status().hint().empty());
}

TEST_F(IdentityLogTest, AStopEndsTheSearch) {
  auto log = *IdentityLog::Create(path_);
  Append(*log, 0, 0, std::vector<std::string>(70'000, "a"));
  std::stop_source stop;
  stop.request_stop();
  const auto found = FindDuplicates(*log, (folder_ / "sorted").string(), 1 << 20,
                                    [](const DuplicateGroup&) { return Status::Ok(); },
                                    {.stop = stop.get_token()});
  EXPECT_EQ(found.status().code(), StatusCode::kCancelled);
}

TEST_F(IdentityLogTest, EveryPipelineHasItsOwnFileAndCanClearIt) {
  const std::string folder = folder_.string();
  EXPECT_NE(IdentityLog::PathFor(folder, "a/b", "1"), IdentityLog::PathFor(folder, "a_b", "1"));
  EXPECT_NE(IdentityLog::PathFor(folder, "a", "1"), IdentityLog::PathFor(folder, "a", "2"));
  ASSERT_TRUE(IdentityLog::RemoveAll(folder, "p").ok()) << "no folder, nothing to clear";
  auto log = *IdentityLog::Create(path_);
  auto other = *IdentityLog::Create(IdentityLog::PathFor(folder, "pp", "1"));
  ASSERT_TRUE(IdentityLog::RemoveAll(folder, "p").ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::exists(IdentityLog::PathFor(folder, "pp", "1")));
}

}  // namespace
}  // namespace spillway
