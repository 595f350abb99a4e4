#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_words.h"

namespace spillway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LoadProgressReport HalfWay() {
  LoadProgressReport report;
  report.version = 12;
  report.rows_total = 2'000'000;
  report.counts.read = 1'000'000;
  report.counts.upserted = 1'000'000;
  report.run_counts = report.counts;
  report.cost = 5'000'000;
  report.requests = 10'000;
  report.elapsed = std::chrono::seconds(100);
  report.limited_by = BindingLimit::kDestination;
  return report;
}

TEST(Progress, SaysHowFarHowFastAndHowLongStill) {
  const std::string line = ProgressLine("products", HalfWay());
  EXPECT_EQ(
      line,
      "products v12  50 %  1,000,000 / 2,000,000 rows  10,000 rows/s  50,000 RU/s  ETA 1 min 40 s"
      "  limited by: the destination's answers");
}

TEST(Progress, CountsRowsThatAreWrittenAheadOfTheCheckpoint) {
  LoadProgressReport report = HalfWay();
  report.counts.read = report.counts.upserted = 200'000;
  report.run_counts = report.counts;
  report.rows_ahead = 800'000;
  EXPECT_EQ(ProgressLine("products", report), ProgressLine("products", HalfWay()));
}

TEST(Progress, NamesThrottlingAndRejectedRows) {
  LoadProgressReport report = HalfWay();
  report.throttled_requests = 500;
  report.counts.rejected = 3;
  report.limited_by = BindingLimit::kThrottled;
  const std::string line = ProgressLine("products", report);
  EXPECT_THAT(line, HasSubstr("429: 5 %"));
  EXPECT_THAT(line, HasSubstr("rejected 3"));
  EXPECT_THAT(line, HasSubstr("limited by: the destination's throughput"));
}

TEST(Progress, ShowsWhatIsSpentOfTheCapAndTheBusiestRange) {
  LoadProgressReport report = HalfWay();
  report.throughput = {.cap = 15'000,
                       .admitted = 50'000,
                       .limited = true,
                       .used = 14'900,
                       .ranges = {0.3, 0.3},
                       .normalised = 0.3,
                       .peak_normalised = 0.3};
  report.limited_by = BindingLimit::kThrottled;
  const std::string line = ProgressLine("products", report);
  EXPECT_THAT(line, HasSubstr("  14,900 of 15,000 RU/s  busiest range 30 %"));
  EXPECT_THAT(line, HasSubstr("limited by: the throughput limit"));
  report.throughput.limited = false;
  EXPECT_THAT(ProgressLine("products", report), HasSubstr("the destination's throughput"));
}

TEST(Progress, NamesARangeThatIsFullWhileOthersAreNot) {
  LoadProgressReport report = HalfWay();
  report.throughput.admitted = report.throughput.cap = 1'000;
  report.throughput.used = 300;
  report.throughput.ranges = {0.99, 0.1, 0.1};
  report.throughput.normalised = 0.99;
  report.limited_by = BindingLimit::kThrottled;
  EXPECT_THAT(ProgressLine("products", report),
              HasSubstr("limited by: the busiest range's throughput"));
  report.throughput.ranges = {0.99, 0.9, 0.95};
  EXPECT_THAT(ProgressLine("products", report), Not(HasSubstr("busiest range's")));
}

TEST(Progress, TheStripHasACharacterForEachRange) {
  ThroughputPicture picture;
  EXPECT_EQ(UtilisationStrip(picture), "");
  picture.ranges = {0, 0.01, 0.5, 1};
  EXPECT_EQ(UtilisationStrip(picture), " ▁▄█");
  picture.ranges.assign(1'000, 0.5);
  picture.ranges[777] = 1;
  const std::string many = UtilisationStrip(picture);
  EXPECT_THAT(many, HasSubstr("▄█▄"));
  EXPECT_EQ(many.size(), 40u * 3);
}

TEST(Progress, PromisesNoTimeThatItCannotKnow) {
  LoadProgressReport report = HalfWay();
  report.rows_total.reset();
  report.splits_total = 4;
  report.splits_done = 1;
  const std::string line = ProgressLine("products", report);
  EXPECT_THAT(line, HasSubstr("25 %"));
  EXPECT_THAT(line, Not(HasSubstr("ETA")));
  EXPECT_THAT(ProgressLine("products", LoadProgressReport()), Not(HasSubstr("ETA")));
}

TEST(Summary, IsTheOneFormula) {
  IntentCounts counts;
  counts.read = 1'000;
  counts.upserted = 990;
  counts.filtered = 8;
  counts.rejected = 2;
  EXPECT_EQ(FormulaOf(counts), "read 1,000 = upserted 990 + filtered 8 + rejected 2");
  counts.rejected = 1;
  EXPECT_THAT(FormulaOf(counts), HasSubstr("≠")) << "a sum that is wrong must show";
  counts.rejected = 2;
  counts.inserted = 900;
  counts.replaced = 80;
  EXPECT_EQ(FormulaOf(counts),
            "read 1,000 = upserted 990 (inserted 900, replaced 80, 10 one or the other) + filtered"
            " 8 + rejected 2");
  counts.replaced = 91;
  EXPECT_THAT(FormulaOf(counts), HasSubstr("≠")) << "more than were upserted";
  EXPECT_EQ(FormulaOf({}), "read 0 = upserted 0");
}

}  // namespace
}  // namespace spillway
