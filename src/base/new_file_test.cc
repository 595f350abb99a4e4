#include "base/new_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace spillway {
namespace {

class NewFileTest : public testing::Test {
 protected:
  NewFileTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "out").string();
  }
  ~NewFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Text() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t FilesInFolder() const {
    const std::filesystem::directory_iterator files(folder_);
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(NewFileTest, IsThereOnceItIsFinished) {
  std::string all;
  {
    auto file = *NewFile::Create(path_, ExistingFile::kRefuse);
    for (int i = 0; i < 30'000; ++i) {
      const std::string line = std::to_string(i) + "\n";
      ASSERT_TRUE(file->Append(line).ok());
      all += line;
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
    ASSERT_TRUE(file->Finish().ok());
  }
  EXPECT_EQ(Text(), all);
  EXPECT_EQ(FilesInFolder(), 1u);
  EXPECT_EQ(std::filesystem::status(path_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(NewFileTest, WhatIsNotFinishedLeavesNothing) {
  std::ofstream(path_) << "before";
  {
    auto file = *NewFile::Create(path_, ExistingFile::kReplace);
    ASSERT_TRUE(file->Append(std::string(1 << 20, 'x')).ok());
  }
  EXPECT_EQ(Text(), "before");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(NewFileTest, ReplacesAFileOnlyWhereThatIsAskedFor) {
  std::ofstream(path_) << "before";
  EXPECT_EQ(NewFile::Create(path_, ExistingFile::kRefuse).status().code(),
            StatusCode::kInvalidArgument);
  auto file = *NewFile::Create(path_, ExistingFile::kReplace);
  ASSERT_TRUE(file->Append("after").ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(Text(), "after");
}

TEST_F(NewFileTest, AFileThatCameMeanwhileIsNotReplaced) {
  auto file = *NewFile::Create(path_, ExistingFile::kRefuse);
  std::ofstream(path_) << "another's";
  EXPECT_EQ(file->Finish().code(), StatusCode::kInvalidArgument);
  file.reset();
  EXPECT_EQ(Text(), "another's");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(NewFileTest, TwoDoNotWriteTheSameFile) {
  auto file = *NewFile::Create(path_, ExistingFile::kReplace);
  EXPECT_EQ(NewFile::Create(path_, ExistingFile::kReplace).status().code(),
            StatusCode::kInvalidArgument);
  ASSERT_TRUE(file->Append("first").ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(Text(), "first");
}

TEST_F(NewFileTest, WhatAKilledProgramLeftBehindIsWrittenOver) {
  std::ofstream(path_ + ".part") << "half of something that was longer";
  auto file = *NewFile::Create(path_, ExistingFile::kRefuse);
  ASSERT_TRUE(file->Append("new").ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(Text(), "new");
}

TEST_F(NewFileTest, WhatWasFinishedIsNotTouchedByTheNext) {
  const std::filesystem::path finished = folder_ / "moved away";
  std::ofstream(finished) << "finished";
  std::filesystem::create_hard_link(finished, path_ + ".part");
  auto file = *NewFile::Create(path_, ExistingFile::kRefuse);
  ASSERT_TRUE(file->Append("new").ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(Text(), "new");
  EXPECT_EQ(std::filesystem::file_size(finished), 8u);
}

TEST_F(NewFileTest, ALinkThatLiesInTheWayIsNotFollowed) {
  const std::filesystem::path victim = folder_ / "victim";
  std::ofstream(victim) << "untouched";
  std::filesystem::create_symlink(victim, path_ + ".part");
  EXPECT_FALSE(NewFile::Create(path_, ExistingFile::kReplace).ok());
  EXPECT_EQ(std::filesystem::file_size(victim), 9u);
}

TEST_F(NewFileTest, SaysWhyItCannotBeMade) {
  const auto file = NewFile::Create(path_ + "/missing/out", ExistingFile::kRefuse);
  ASSERT_EQ(file.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(file.status().message()).find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace spillway
