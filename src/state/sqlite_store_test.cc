#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <barrier>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "state/sqlite_database.h"
#include "state/state_store.h"

namespace spillway {
namespace {

// What SQLite adds to the contract of all stores (testing/state_store_contract.h).
class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
  }
  ~SqliteStoreTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "state.db").string(); }
  std::unique_ptr<StateStore> Open() {
    auto store = OpenSqliteStore(path(), clock_);
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    return *std::move(store);
  }

  ManualClock clock_;
  std::filesystem::path folder_;
};

TEST_F(SqliteStoreTest, FolderAndFileAreForTheUserAlone) {
  auto store = Open();
  struct stat info {};
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    ASSERT_EQ(stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << file.path();
  }
}

TEST_F(SqliteStoreTest, SeveralRunsMakeANewStateAtTheSameTime) {
  for (int round = 0; round < 20; ++round) {
    std::filesystem::remove_all(folder_);
    std::barrier start(8);
    std::vector<std::jthread> runs;
    for (int run = 0; run < 8; ++run) {
      runs.emplace_back([&] {
        start.arrive_and_wait();
        const auto store = OpenSqliteStore(path(), clock_);
        EXPECT_TRUE(store.ok()) << store.status().ToString();
      });
    }
  }
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefused) {
  Open();
  {
    auto database = *SqliteDatabase::Open(path());
    ASSERT_TRUE(database->Execute("PRAGMA user_version = 999").ok());
  }
  const auto store = OpenSqliteStore(path(), clock_);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(store.status().message(), testing::HasSubstr("schema 999"));
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  {
    auto database = *SqliteDatabase::Open(path());
    ASSERT_TRUE(database->Execute("CREATE TABLE theirs (x)").ok());
  }
  EXPECT_EQ(OpenSqliteStore(path(), clock_).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsDataLossAndNamesTheFile) {
  std::filesystem::create_directories(folder_);
  std::ofstream(path()) << std::string(5000, 'x');
  const auto store = OpenSqliteStore(path(), clock_);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(store.status().message(), testing::HasSubstr(path()));
}

TEST_F(SqliteStoreTest, APathThatCannotBeMadeIsExplained) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "file") << "x";
  const auto store = OpenSqliteStore((folder_ / "file" / "state.db").string(), clock_);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().code(), StatusCode::kPermissionDenied);
  EXPECT_FALSE(store.status().hint().empty());
}

}  // namespace
}  // namespace spillway
