#include "throughput/throughput_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
namespace spillway {
namespace {

using testing::HasSubstr;

// A destination that says what it admits.
class Admitting : public Destination {
 public:
  Admitting() { capabilities_.measures_cost = true; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<AdmittedThroughput> ReadThroughput(const LanePlan& plan, const CallContext&) override {
    if (!failure.ok()) return failure;
    return AdmittedThroughput{admitted, std::vector<double>(plan.groups.size(), 1.0)};
  }

  Status Check(const CallContext&) override { return Status::Ok(); }
  Result<Preparation> Prepare(bool, const CallContext&) override { return Preparation{}; }
  Result<LanePlan> PlanLanes(uint32_t, const CallContext&) override { return LanePlan{}; }
  Hash128 Route(const Document&) const override { return {}; }
  Result<std::unique_ptr<Writer>> OpenWriter(WriteMode, const CallContext&) override {
    return Unsupported("it is never written");
  }
  Result<std::vector<std::unique_ptr<DocumentReader>>> OpenReaders(const CallContext&) override {
    return Unsupported("it is never read");
  }
  Result<std::optional<std::string>> ReadOne(std::string_view, std::string_view,
                                             const CallContext&) override {
    return Unsupported("it is never read");
  }

  std::optional<double> admitted;
  Status failure;

 private:
  Capabilities capabilities_;
};

const LanePlan kOneLane{.lower_bounds = {Hash128()}, .groups = {0}};

class ThroughputControlTest : public testing::Test {
 protected:
  Result<std::unique_ptr<ThroughputControl>> Start(const ThroughputOptions& options) {
    return ThroughputControl::Start(destination_, clock_, kOneLane, options, {});
  }
  ManualClock clock_;
  Admitting destination_;
};

TEST_F(ThroughputControlTest, AShareIsTakenOfWhatTheDestinationAdmits) {
  destination_.admitted = 10'000;
  const auto control = Start({.limit = {.share = 0.6, .units_per_second = {}}, .limit_now = {}});
  ASSERT_TRUE(control.ok());
  EXPECT_NEAR((*control)->limiter().total_rate().value(), 6'000, 60);
}

TEST_F(ThroughputControlTest, AShareOfNothingIsRefusedWithWhatToDoInstead) {
  const auto control = Start({.limit = {.share = 0.6, .units_per_second = {}}, .limit_now = {}});
  EXPECT_EQ(control.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(control.status().hint()), HasSubstr("request units a second"));
}

TEST_F(ThroughputControlTest, ANumberNeedsNoTellingDestination) {
  const auto control = Start({.limit = {.share = {}, .units_per_second = 900}, .limit_now = {}});
  ASSERT_TRUE(control.ok());
  EXPECT_NEAR((*control)->limiter().total_rate().value(), 900, 20);
}

TEST_F(ThroughputControlTest, WhatIsAllowedNowGoesBeforeWhatIsConfigured) {
  destination_.admitted = 10'000;
  const auto control =
      Start({.limit = {.share = 0.1, .units_per_second = {}}, .limit_now = [] {
               return std::optional(ThroughputLimit{.share = {}, .units_per_second = 8'000});
             }});
  ASSERT_TRUE(control.ok());
  EXPECT_NEAR((*control)->limiter().total_rate().value(), 8'000, 80);
}

TEST_F(ThroughputControlTest, ADestinationThatMayNotBeAskedStopsOnlyAShare) {
  destination_.failure = PermissionDenied("the role may not read offers");
  EXPECT_TRUE(Start({}).ok());
  const auto control = Start({.limit = {.share = 0.6, .units_per_second = {}}, .limit_now = {}});
  EXPECT_EQ(control.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(control.status().message()), HasSubstr("the role may not read offers"));
}

}  // namespace
}  // namespace spillway
