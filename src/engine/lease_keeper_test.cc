#include "engine/lease_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/testing/scaled_clock.h"
#include "state/sqlite_database.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;

// A clock whose waits last until they are stopped: the renewing thread does nothing by itself.
class StillClock : public ManualClock {
 public:
  bool WaitFor(std::chrono::nanoseconds, const std::stop_token& stop) override {
    return SystemClock().WaitFor(std::chrono::hours(1), stop);
  }
};

class LeaseKeeperTest : public testing::Test {
 protected:
  LeaseKeeperTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
  }
  ~LeaseKeeperTest() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<StateStore> Open(Clock& clock) {
    return *OpenSqliteStore((folder_ / "state.db").string(), clock);
  }
  std::filesystem::path folder_;
};

TEST_F(LeaseKeeperTest, RenewsTheLeaseForAsLongAsItLives) {
  ScaledClock clock(10);
  const auto store = Open(clock);
  RunStop stop{std::stop_token()};
  auto keeper = *LeaseKeeper::Acquire(*store, clock, "p", milliseconds(3'000), stop);
  clock.WaitFor(milliseconds(6'000), {});
  EXPECT_TRUE(keeper->CheckHeld().ok()) << "after twice its length";
  EXPECT_EQ(store->AcquireLease("p", milliseconds(1)).status().code(), StatusCode::kLocked);
  keeper.reset();
  EXPECT_TRUE(store->AcquireLease("p", milliseconds(1)).ok());
  EXPECT_TRUE(stop.cause().ok());
}

TEST_F(LeaseKeeperTest, ALeaseThatMayHaveExpiredUnnoticedForbidsSending) {
  StillClock clock;
  const auto store = Open(clock);
  RunStop stop{std::stop_token()};
  const auto keeper = *LeaseKeeper::Acquire(*store, clock, "p", milliseconds(1'000), stop);
  EXPECT_TRUE(keeper->CheckHeld().ok());
  clock.Advance(milliseconds(999));
  EXPECT_TRUE(keeper->CheckHeld().ok());
  clock.Advance(milliseconds(1));
  EXPECT_EQ(keeper->CheckHeld().code(), StatusCode::kLocked);
}

TEST_F(LeaseKeeperTest, ALostLeaseStopsTheRun) {
  ScaledClock clock(1'000);
  const auto store = Open(clock);
  RunStop stop{std::stop_token()};
  const auto keeper = *LeaseKeeper::Acquire(*store, clock, "p", milliseconds(40'000), stop);
  // Another runner, to whom this one looked dead.
  const auto database = *SqliteDatabase::Open((folder_ / "state.db").string());
  ASSERT_TRUE(database->Execute("UPDATE leases SET token = 'another'").ok());
  clock.WaitFor(std::chrono::hours(1), stop.token());
  EXPECT_EQ(stop.cause().code(), StatusCode::kLocked);
  EXPECT_FALSE(keeper->CheckHeld().ok());
}

}  // namespace
}  // namespace spillway
