#include "app/plan_pace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

PaceQuestion Question() {
  return {.pipeline = "orders",
          .units = 80'000,
          .admitted = 8'000,
          .admitted_basis = "manual",
          .ranges = 2,
          .hottest_share = 0.5,
          .doubled = CapacityStep{"destination.create.throughput: {manual: 16000}", "", 16'000}};
}

TEST(PlanPace, WithoutALimitTheDestinationSaysHowFast) {
  const PlanPace pace = PaceOf(Question());
  EXPECT_EQ(*pace.duration, seconds(10));
  EXPECT_THAT(pace.limited_by, HasSubstr("8,000 RU/s"));
  ASSERT_THAT(pace.faster, SizeIs(1));
  EXPECT_EQ(pace.faster[0].setting, "destination.create.throughput: {manual: 16000}");
  EXPECT_EQ(*pace.faster[0].duration, seconds(5));
}

TEST(PlanPace, ALimitIsHalvedByTwiceTheLimit) {
  PaceQuestion question = Question();
  question.limit.share = 0.25;
  const PlanPace share = PaceOf(question);
  EXPECT_EQ(*share.duration, seconds(40));
  EXPECT_EQ(share.limited_by, "throughput.limit: 25% of 8,000 RU/s");
  EXPECT_EQ(share.faster[0].setting, "throughput: {limit: 50%}");
  EXPECT_EQ(*share.faster[0].duration, seconds(20));
  question.limit = {.share = {}, .units_per_second = 1'000};
  EXPECT_EQ(PaceOf(question).faster[0].setting, "throughput: {limit: 2000}");
  question.limit_is_set = true;
  EXPECT_EQ(PaceOf(question).faster[0].setting, "spillway throttle orders --ru 2000");
}

TEST(PlanPace, ALimitThatCannotBeDoubledIsTakenAway) {
  PaceQuestion question = Question();
  question.limit.share = 0.8;
  const PlanPace pace = PaceOf(question);
  ASSERT_THAT(pace.faster, SizeIs(2));
  EXPECT_EQ(pace.faster[0].setting, "no throughput.limit");
  EXPECT_EQ(*pace.faster[0].duration, seconds(10));
  EXPECT_EQ(pace.faster[1].setting, "destination.create.throughput: {manual: 16000}");
  EXPECT_EQ(*pace.faster[1].duration, std::chrono::milliseconds(6'250));
}

TEST(PlanPace, ALimitAboveWhatIsAdmittedDoesNotBind) {
  PaceQuestion question = Question();
  question.limit.units_per_second = 20'000;
  EXPECT_EQ(*PaceOf(question).duration, seconds(10));
  EXPECT_THAT(PaceOf(question).limited_by, HasSubstr("the destination"));
}

TEST(PlanPace, AHotRangeHoldsTheOthersBack) {
  PaceQuestion question = Question();
  question.hottest_share = 1;
  const PlanPace pace = PaceOf(question);
  EXPECT_EQ(pace.reachable, 0.5);
  EXPECT_EQ(*pace.duration, seconds(20));
  EXPECT_THAT(pace.faster[0].setting, HasSubstr("--advise-partition-key"));
  EXPECT_EQ(*pace.faster[0].duration, seconds(10));
}

TEST(PlanPace, WithoutAnyNumberNothingIsMadeUp) {
  PaceQuestion question = Question();
  question.admitted.reset();
  question.doubled.reset();
  question.admitted_basis = "serverless";
  const PlanPace pace = PaceOf(question);
  EXPECT_FALSE(pace.duration.has_value());
  EXPECT_EQ(pace.limited_by, "serverless");
  EXPECT_THAT(pace.faster, IsEmpty());
  question.limit.units_per_second = 4'000;
  EXPECT_EQ(*PaceOf(question).duration, seconds(20));
  question.limit = {.share = 0.5, .units_per_second = {}};
  EXPECT_FALSE(PaceOf(question).duration.has_value());
}

}  // namespace
}  // namespace spillway
