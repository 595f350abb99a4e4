#include "throughput/share_member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "throughput/testing_share_board.h"

namespace spillway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

AdmittedThroughput Admitted(double units_per_second) {
  return {units_per_second, std::vector<double>{1.0}};
}

class ShareMemberTest : public testing::Test {
 protected:
  ShareMemberTest() { limiter_.SetAdmitted(Admitted(10'000)); }
  Result<std::unique_ptr<ShareMember>> Join(Clock& clock) {
    return ShareMember::Join(std::make_unique<MemoryShareBoard>(content_), limiter_, clock, {});
  }
  void Fail(Status failure) {
    std::lock_guard lock(content_->mutex);
    content_->failure = std::move(failure);
  }

  ManualClock clock_;
  std::shared_ptr<MemoryShareBoard::Content> content_ =
      std::make_shared<MemoryShareBoard::Content>();
  ThroughputLimiter limiter_{clock_};
};

TEST_F(ShareMemberTest, TheFirstMemberHasTheWholeLimitWhenItHasJoined) {
  const auto member = Join(clock_);
  ASSERT_TRUE(member.ok()) << member.status().ToString();
  EXPECT_NEAR(limiter_.rate(0).value(), 10'000, 1);
}

TEST_F(ShareMemberTest, WhoEndsGivesItsPartBack) {
  {
    const auto member = Join(clock_);
    ASSERT_TRUE(member.ok());
    EXPECT_EQ(content_->ledger.parts.size(), 1U);
    EXPECT_EQ(content_->notices.size(), 1U);
  }
  EXPECT_TRUE(content_->ledger.parts.empty());
  EXPECT_TRUE(content_->notices.empty());
  EXPECT_EQ(limiter_.rate(0).value(), 0);
}

TEST_F(ShareMemberTest, ABoardThatRefusesForGoodEndsTheRunWithItsReason) {
  Fail(PermissionDenied("you may not").WithHint("ask for the right"));
  const auto member = Join(clock_);
  EXPECT_EQ(member.status().code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(member.status().ToString(), HasSubstr("the board"));
  EXPECT_THAT(std::string(member.status().hint()), HasSubstr("ask for the right"));
}

TEST_F(ShareMemberTest, ABoardThatIsAwayForAMomentIsWaitedFor) {
  Fail(Unavailable("away"));
  const auto member = Join(clock_);
  ASSERT_TRUE(member.ok());
  EXPECT_EQ(limiter_.rate(0).value(), 0);
}

TEST_F(ShareMemberTest, ARunWhoseBoardIsSilentForTooLongEndsWithItsFailure) {
  const auto member = Join(clock_);
  ASSERT_TRUE(member.ok());
  Fail(Unavailable("away"));
  // The member's thread lets the clock go on.
  Status ended;
  while (ended.ok()) ended = limiter_.Admit(0, 1'000, {}).status();
  EXPECT_EQ(ended.code(), StatusCode::kUnavailable);
  EXPECT_THAT(ended.ToString(), HasSubstr("the board: away"));
}

class ShareDemandTest : public testing::Test {
 protected:
  ShareDemandTest() { limiter_.SetAdmitted(Admitted(1'000)); }
  void SampleFor(std::chrono::milliseconds duration, double units_every_sample) {
    for (auto passed = 0ms; passed < duration; passed += ShareDemand::kSampleEvery) {
      limiter_.Settle(limiter_.Ask(0, units_every_sample), {});
      demand_.Sample(limiter_, clock_.Now());
      clock_.Advance(ShareDemand::kSampleEvery);
    }
  }
  ManualClock clock_;
  ThroughputLimiter limiter_{clock_};
  ShareDemand demand_;
};

TEST_F(ShareDemandTest, ARunThatIsHeldBackWantsAllItCanGet) {
  SampleFor(3s, 150);
  EXPECT_FALSE(demand_.wanted().has_value());
  EXPECT_EQ(demand_.load(0.5), 1);
}

TEST_F(ShareDemandTest, ARunThatSpendsLittleWantsALittleMoreThanThat) {
  SampleFor(3s, 20);
  ASSERT_TRUE(demand_.wanted().has_value());
  EXPECT_GE(*demand_.wanted(), 0.2 * 1.4);
  EXPECT_LE(*demand_.wanted(), 0.2 * 2);
  EXPECT_NEAR(demand_.load(0.5), 0.4, 0.05);
}

TEST_F(ShareDemandTest, ARunThatHasNothingToDoWantsNothingUntilItIsHeldBackAgain) {
  SampleFor(3s, 0);
  ASSERT_TRUE(demand_.wanted().has_value());
  EXPECT_LT(*demand_.wanted(), 0.001);
  SampleFor(500ms, 300);
  EXPECT_FALSE(demand_.wanted().has_value());
}

}  // namespace
}  // namespace spillway
