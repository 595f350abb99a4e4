#include "throughput/usage_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::DoubleEq;
using testing::ElementsAre;
using testing::IsEmpty;

const AdmittedThroughput kTwoRanges{.units_per_second = 1'000, .parts = {0.5, 0.5}};

TEST(UsageMeter, TellsWhatEachRangeSpentOfItsPartInTheLastWholeSecond) {
  UsageMeter meter;
  meter.SetCap(kTwoRanges, {});
  const SteadyTime start{seconds(7)};
  meter.Add(0, 200, start);
  meter.Add(0, 200, start + milliseconds(900));
  meter.Add(1, 100, start + milliseconds(999));
  EXPECT_EQ(meter.Picture(start + milliseconds(999)).used, 0) << "no second is whole yet";
  const ThroughputPicture picture = meter.Picture(start + milliseconds(1'200));
  EXPECT_DOUBLE_EQ(picture.used, 500);
  EXPECT_THAT(picture.ranges, ElementsAre(DoubleEq(0.8), DoubleEq(0.2)));
  EXPECT_DOUBLE_EQ(*picture.normalised, 0.8);
  EXPECT_DOUBLE_EQ(*picture.peak_normalised, 0.8);
}

TEST(UsageMeter, ThePeakStaysAndAnIdleSecondIsOne) {
  UsageMeter meter;
  meter.SetCap(kTwoRanges, {});
  const SteadyTime start{};
  meter.Add(1, 450, start);
  meter.Add(0, 10, start + seconds(1));
  ThroughputPicture picture = meter.Picture(start + seconds(2));
  EXPECT_DOUBLE_EQ(*picture.normalised, 0.02);
  EXPECT_DOUBLE_EQ(*picture.peak_normalised, 0.9);
  picture = meter.Picture(start + seconds(10));
  EXPECT_EQ(picture.used, 0);
  EXPECT_DOUBLE_EQ(*picture.peak_normalised, 0.9);
}

TEST(UsageMeter, TheCapIsTheLimitOrWhatIsAdmitted) {
  UsageMeter meter;
  EXPECT_EQ(meter.Picture({}).cap, std::nullopt);
  meter.SetCap(kTwoRanges, {});
  EXPECT_EQ(meter.Picture({}).cap, 1'000);
  EXPECT_FALSE(meter.Picture({}).limited);
  meter.SetCap(kTwoRanges, {.share = 0.3, .units_per_second = {}});
  EXPECT_EQ(meter.Picture({}).cap, 300);
  EXPECT_TRUE(meter.Picture({}).limited);
  meter.SetCap(kTwoRanges, {.share = {}, .units_per_second = 5'000});
  EXPECT_EQ(meter.Picture({}).cap, 1'000);
  EXPECT_FALSE(meter.Picture({}).limited);
}

TEST(UsageMeter, WithoutAnOfferItKnowsWhatIsSpentAndNoShares) {
  UsageMeter meter;
  meter.SetCap({}, {.share = {}, .units_per_second = 500});
  meter.Add(3, 100, SteadyTime());
  const ThroughputPicture picture = meter.Picture(SteadyTime(seconds(1)));
  EXPECT_DOUBLE_EQ(picture.used, 100);
  EXPECT_EQ(picture.cap, 500);
  EXPECT_TRUE(picture.limited);
  EXPECT_THAT(picture.ranges, IsEmpty());
  EXPECT_EQ(picture.peak_normalised, std::nullopt);
}

TEST(UsageMeter, AnAnswerThatComesLateNeverFillsARangeBeyondItself) {
  UsageMeter meter;
  meter.SetCap(kTwoRanges, {});
  meter.Add(0, 900, SteadyTime());
  EXPECT_DOUBLE_EQ(*meter.Picture(SteadyTime(seconds(1))).normalised, 1.0);
}

}  // namespace
}  // namespace spillway
