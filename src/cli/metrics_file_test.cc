#include "cli/metrics_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace spillway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

LoadProgressReport SomeLoad() {
  LoadProgressReport report;
  report.version = 12;
  report.rows_total = 2'000;
  report.run_counts.read = report.run_counts.upserted = 1'000;
  report.counts = report.run_counts;
  report.cost = 6'500.5;
  report.requests = 20;
  report.throttled_requests = 1;
  report.bytes_sent = 4'000;
  report.elapsed = seconds(10);
  report.throughput = {.cap = 300,
                       .admitted = 1'000,
                       .limited = true,
                       .used = 290,
                       .ranges = {0.25, 0.5},
                       .normalised = 0.5,
                       .peak_normalised = 0.75};
  return report;
}

class MetricsFileTest : public testing::Test {
 protected:
  MetricsFileTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~MetricsFileTest() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "metrics.prom").string(); }
  std::string Content() const {
    std::ostringstream text;
    text << std::ifstream(path()).rdbuf();
    return text.str();
  }
  std::filesystem::path folder_;
};

TEST(Metrics, NameEveryFigureWithItsLabels) {
  const std::string text = MetricsText("p", "items", {.load = SomeLoad(), .changes = {}});
  EXPECT_THAT(text, HasSubstr("# TYPE spillway_request_units_total counter\n"
                              "spillway_request_units_total{pipeline=\"p\",container=\"items\"} "
                              "6500.5\n"));
  EXPECT_THAT(text,
              HasSubstr("spillway_request_units_cap{pipeline=\"p\",container=\"items\"} 300"));
  EXPECT_THAT(text, HasSubstr("container=\"items\",range=\"1\"} 0.5\n"));
  EXPECT_THAT(text, HasSubstr("container=\"items\",fate=\"upserted\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("spillway_load_done_ratio{pipeline=\"p\",container=\"items\"} 0.5"));
  EXPECT_THAT(text, HasSubstr("spillway_run_active{pipeline=\"p\",container=\"items\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("spillway_run_succeeded")));
}

TEST(Metrics, EverySampleFollowsItsHelpAndTypeAndEachFamilyStandsOnce) {
  RunMetrics metrics{.load = SomeLoad(), .changes = ChangeReport{}};
  metrics.changes->lag = milliseconds(40);
  metrics.changes->throughput = SomeLoad().throughput;
  metrics.active = false;
  metrics.succeeded = true;
  std::istringstream lines(MetricsText("p\"q\\\n", "items", metrics));
  std::set<std::string> families;
  std::string family;
  const std::regex sample("([a-z_]+)\\{.*\\} [-+0-9.e]+");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family;
    } else if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(line.starts_with("# TYPE " + family + " ")) << line;
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      EXPECT_EQ(match[1], family);
      EXPECT_THAT(line, HasSubstr(R"(pipeline="p\"q\\\n")"));
    }
  }
  EXPECT_EQ(families.size(), 19u) << "docs/metrics.md lists them";
}

TEST(Metrics, OfALoadAndTheChangesAfterItAreAddedUp) {
  ChangeReport changes;
  changes.requests = 5;
  changes.counts.read = changes.counts.deleted = 7;
  const std::string text = MetricsText("p", "c", {.load = SomeLoad(), .changes = changes});
  EXPECT_THAT(text, HasSubstr("spillway_requests_total{pipeline=\"p\",container=\"c\"} 25\n"));
  EXPECT_THAT(text,
              HasSubstr("spillway_intents_read_total{pipeline=\"p\",container=\"c\"} 1007\n"));
}

TEST_F(MetricsFileTest, IsWrittenWholeOnceASecondAndAtTheEnd) {
  auto file = MetricsFile::Open(path(), "p", "items");
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  EXPECT_THAT(Content(),
              HasSubstr("spillway_requests_total{pipeline=\"p\",container=\"items\"} 0"));
  LoadProgressReport report = SomeLoad();
  report.elapsed = seconds(1);
  file->Update(report);
  EXPECT_THAT(Content(), HasSubstr("items\"} 6500.5\n"));
  report.cost = 7'000;
  report.elapsed = milliseconds(1'900);
  file->Update(report);
  EXPECT_THAT(Content(), HasSubstr("items\"} 6500.5\n"));
  report.elapsed = milliseconds(2'000);
  file->Update(report);
  EXPECT_THAT(Content(), HasSubstr("items\"} 7000\n"));
  ASSERT_TRUE(file->End(true).ok());
  EXPECT_THAT(Content(), HasSubstr("spillway_run_succeeded{pipeline=\"p\",container=\"items\"} 1"));
  EXPECT_THAT(Content(), HasSubstr("spillway_run_active{pipeline=\"p\",container=\"items\"} 0"));
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++files;
  EXPECT_EQ(files, 1u) << "a temporary file was left behind";
}

TEST_F(MetricsFileTest, APlaceThatCannotBeWrittenIsRefusedAtOnce) {
  const auto file = MetricsFile::Open((folder_ / "missing" / "x").string(), "p", "items");
  EXPECT_EQ(file.status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway
