#include "changes/image_bytes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "changes/record_log.h"

namespace spillway {
namespace {

std::string Path(const char* name) {
  return (std::filesystem::path(testing::TempDir()) / name).string();
}

TEST(ImageBytes, GivesBackEveryTextAcrossTheBorderOfMemory) {
  for (const uint64_t memory_max : {1u, 10u, 64u, 100'000u}) {
    ImageBytes bytes(Path("image-bytes"), memory_max);
    std::vector<std::pair<uint64_t, std::string>> texts;
    for (int i = 0; i < 200; ++i) {
      const std::string text = fmt::format("text {} of the image", i * i);
      texts.emplace_back(bytes.size(), text);
      ASSERT_TRUE(bytes.Append(text).ok());
    }
    EXPECT_EQ(bytes.spilled(), memory_max < 4'000);
    for (const auto& [offset, text] : texts) {
      std::string read = "before ";
      ASSERT_TRUE(bytes.Read(offset, text.size(), &read).ok());
      EXPECT_EQ(read, "before " + text);
    }
    std::string both;
    ASSERT_TRUE(bytes.Read(0, bytes.size(), &both).ok());
    EXPECT_EQ(both.size(), bytes.size());
  }
}

TEST(RecordLog, ReadsAnyRangeFromMemoryAndFile) {
  for (const uint64_t memory_max : {8u, 80u, 100'000u}) {
    RecordLog<uint64_t> log(Path("record-log"), memory_max);
    for (uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(log.Append(i * 3).ok());
    ASSERT_EQ(log.size(), 100u);
    for (uint64_t first = 0; first <= 101; ++first) {
      const auto read = log.Read(first, 7);
      ASSERT_TRUE(read.ok());
      ASSERT_EQ(read->size(), first >= 100 ? 0u : std::min<uint64_t>(7, 100 - first));
      for (size_t i = 0; i < read->size(); ++i) EXPECT_EQ((*read)[i], (first + i) * 3);
    }
  }
}

}  // namespace
}  // namespace spillway
