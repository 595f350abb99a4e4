#include "state/sqlite_lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace spillway {
namespace {

using std::chrono::seconds;

// What SQLite adds to the contract of all stores (testing/state_store_contract.h).
class SqliteLeaseTest : public testing::Test {
 protected:
  SqliteLeaseTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
  }
  ~SqliteLeaseTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<StateStore> Open() {
    auto store = OpenSqliteStore((folder_ / "state.db").string(), clock_);
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    return *std::move(store);
  }
  void Seize(const ProcessIdentity& owner) {
    auto core = std::make_shared<SqliteCore>(clock_);
    core->database = *SqliteDatabase::Open((folder_ / "state.db").string());
    auto lease = AcquireSqliteLease(core, owner, "p", seconds(30));
    ASSERT_TRUE(lease.ok()) << lease.status().ToString();
    // As a killed process leaves it: never given back.
    abandoned_.push_back((*std::move(lease)).release());
  }
  void TearDown() override {
    for (Lease* lease : abandoned_) delete lease;
  }

  ManualClock clock_;
  std::filesystem::path folder_;
  std::vector<Lease*> abandoned_;
};

TEST_F(SqliteLeaseTest, TheSecondRunnerIsToldWhoRunsItAndSinceWhen) {
  auto first = Open();
  auto second = Open();
  const auto lease = *first->AcquireLease("p", seconds(30));
  const auto refused = second->AcquireLease("p", seconds(30));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kLocked);
  EXPECT_THAT(refused.status().message(), testing::HasSubstr("process "));
  EXPECT_THAT(refused.status().message(), testing::HasSubstr("2023-11-14T22:13:20Z"));
  EXPECT_TRUE(second->AcquireLease("other", seconds(30)).ok()) << "a lease is of one pipeline";
}

TEST_F(SqliteLeaseTest, TheLeaseOfAProcessThatDiedHereIsTakenOverAtOnce) {
  auto store = Open();
  ProcessIdentity dead = ThisProcess();
  dead.started += 1;  // this pid, but another process
  Seize(dead);
  EXPECT_TRUE(store->AcquireLease("p", seconds(30)).ok());
}

TEST_F(SqliteLeaseTest, TheLeaseOfAProcessElsewhereIsTakenOverOnlyWhenItExpires) {
  auto store = Open();
  ProcessIdentity elsewhere = ThisProcess();
  elsewhere.machine = "another";
  elsewhere.started += 1;
  Seize(elsewhere);
  EXPECT_EQ(store->AcquireLease("p", seconds(30)).status().code(), StatusCode::kLocked);
  clock_.Advance(seconds(31));
  EXPECT_TRUE(store->AcquireLease("p", seconds(30)).ok());
}

}  // namespace
}  // namespace spillway
