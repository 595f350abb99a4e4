#include "destinations/file/posix_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace spillway {
namespace {

class PosixFileTest : public ::testing::Test {
 protected:
  PosixFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "spillway-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~PosixFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void Put(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  std::string Get(const std::string& name) const {
    std::stringstream content;
    content << std::ifstream(Path(name), std::ios::binary).rdbuf();
    return content.str();
  }

  std::string folder_;
};

std::vector<std::string> AllLines(const PosixFile& file, size_t line_bytes_max) {
  LineReader reader(&file, line_bytes_max);
  std::vector<std::string> lines;
  while (true) {
    const auto line = reader.Next();
    if (!line.ok()) return {std::string(line.status().message())};
    if (!*line) return lines;
    EXPECT_EQ(reader.line_end() - reader.line_begin(), (*line)->size() + 1);
    lines.emplace_back(**line);
  }
}

TEST_F(PosixFileTest, LinesAreReadAcrossBuffersAndAnUnfinishedOneIsLeftOut) {
  const std::string large(700'000, 'x');
  Put("f", "a\n\n" + large + "\nb\nunfinished");
  const auto file = PosixFile::Open(Path("f"), O_RDONLY);
  EXPECT_EQ(AllLines(*file, 1 << 20), (std::vector<std::string>{"a", "", large, "b"}));
}

TEST_F(PosixFileTest, ALineBeyondTheBoundIsDataLoss) {
  Put("f", std::string(1'000'000, 'x') + "\n");
  const auto file = PosixFile::Open(Path("f"), O_RDONLY);
  LineReader reader(&*file, 1000);
  EXPECT_EQ(reader.Next().status().code(), StatusCode::kDataLoss);
}

TEST_F(PosixFileTest, AFailedAppendLeavesTheFileAsItWas) {
  auto file = PosixFile::Open(Path("f"), O_RDWR | O_CREAT);
  ASSERT_TRUE(file->AppendAt(0, "kept\n").ok());
  // A limit on file sizes fails in the middle of the write, as a full disk does.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status status = file->AppendAt(5, std::string(1000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();
  EXPECT_EQ(Get("f"), "kept\n");
}

TEST_F(PosixFileTest, AnAppendThatCannotBeTakenBackIsUnsure) {
  auto full = PosixFile::Open("/dev/full", O_RDWR);
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->AppendAt(0, "x").code(), StatusCode::kUnsure);
}

TEST_F(PosixFileTest, ReplacingAFileLeavesNoOtherBehind) {
  Put("f", "old");
  ASSERT_TRUE(ReplaceFile(Path("f"), "new", true).ok());
  EXPECT_EQ(Get("f"), "new");
  EXPECT_FALSE(std::filesystem::exists(Path("f.new")));
}

TEST_F(PosixFileTest, ErrorsNameThePathAndHaveTheirKind) {
  EXPECT_EQ(PosixFile::Open(Path("none"), O_RDONLY).status().code(), StatusCode::kNotFound);
  Put("f", "");
  const Status status = PosixFile::Open(Path("f/x"), O_RDONLY).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find(Path("f/x")), std::string::npos);
  EXPECT_EQ(FileError("writing", "p", EACCES).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(FileError("writing", "p", EROFS).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(FileError("writing", "p", ENOSPC).code(), StatusCode::kUnavailable);
}

TEST_F(PosixFileTest, ALockHasOneHolder) {
  Put("f", "");
  auto first = PosixFile::Open(Path("f"), O_RDONLY);
  auto second = PosixFile::Open(Path("f"), O_RDONLY);
  ASSERT_TRUE(first->Lock().ok());
  EXPECT_EQ(second->Lock().code(), StatusCode::kLocked);
  *first = PosixFile();
  EXPECT_TRUE(second->Lock().ok());
}

}  // namespace
}  // namespace spillway
