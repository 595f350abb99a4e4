#include "verify/report_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace spillway {
namespace {

class ReportFileTest : public testing::Test {
 protected:
  ReportFileTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ReportFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string Write(const std::string& name) const {
    auto report = *ReportFile::Create(Path(name));
    EXPECT_TRUE(
        report->Add({DifferenceKind::kDifferent, R"(["c",1])", "a", {"x", "y.z"}, "run 7"}).ok());
    EXPECT_TRUE(report->Add({DifferenceKind::kExtra, "", "b", {}, ""}).ok());
    EXPECT_EQ(report->differences(), 2u);
    EXPECT_TRUE(report->Close().ok());
    std::ifstream file(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
};

TEST_F(ReportFileTest, TheNameSaysWhatItIs) {
  const std::string lines =
      "{\"kind\":\"different\",\"partition_key\":[\"c\",1],\"id\":\"a\",\"fields\":[\"x\",\"y.z\"],"
      "\"written_by\":\"run 7\"}\n"
      "{\"kind\":\"extra\",\"partition_key\":[],\"id\":\"b\",\"fields\":[]}\n";
  EXPECT_EQ(Write("a.jsonl"), lines);
  EXPECT_EQ(Write("a.ndjson"), lines);
  EXPECT_TRUE(Write("a.parquet").starts_with("PAR1"));
  const auto other = ReportFile::Create(Path("a.csv"));
  EXPECT_EQ(other.status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(Path("a.csv")));
}

TEST_F(ReportFileTest, OneThatIsNotClosedLeavesWhatWasThere) {
  for (const char* name : {"a.jsonl", "a.parquet"}) {
    const std::string before = Write(name);
    {
      auto report = *ReportFile::Create(Path(name));
      EXPECT_TRUE(report->Add({DifferenceKind::kExtra, "", "c", {}, ""}).ok());
    }
    std::ifstream file(Path(name), std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), before);
  }
}

}  // namespace
}  // namespace spillway
