#include "app/load_tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>

#include "app/tuning_plan.h"

namespace spillway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr ProvisionedThroughput kManual400{false, 400};
constexpr ProvisionedThroughput kManual50000{false, 50'000};
constexpr ProvisionedThroughput kAutoscale4000{true, 4'000};

// A service with an offer and an index policy, kept by the rules of the real one. What it is told
// is its history.
class FakeTuning : public Tuning {
 public:
  explicit FakeTuning(Clock& clock) : clock_(clock) {}

  ProvisionedThroughput now = kManual400;
  uint32_t highest = 400;
  std::chrono::nanoseconds change_takes{0};
  std::string policy = "all";
  std::deque<Status> failures;  // of the next calls that change something
  std::vector<std::string> history;
  std::function<void()> before_change;  // a kill is a change that never comes

  Result<ProvisionedState> ReadProvisioned(const CallContext&) override { return State(); }
  Result<ProvisionedState> SetProvisioned(const ProvisionedThroughput& wanted,
                                          const CallContext&) override {
    RETURN_IF_ERROR(Fail());
    if (State().change_pending) return State();
    if (now.autoscale != wanted.autoscale) Change({wanted.autoscale, 1'000}, "migrate");
    if (State().change_pending) return State();
    ProvisionedThroughput next = wanted;
    next.units_per_second = std::max(next.units_per_second, LeastAfter({}, wanted.autoscale));
    if (next != now) Change(next, "set");
    return State();
  }
  Status CheckProvisioned(const ProvisionedThroughput&) const override { return Status::Ok(); }
  uint32_t LeastAfter(const ProvisionedThroughput&, bool autoscale) const override {
    return autoscale ? std::max(1'000u, highest / 10) : std::max(400u, highest / 100);
  }
  Result<IndexingState> ReadIndexing(const CallContext&) override {
    return IndexingState{policy, "light", policy == "light", progress};
  }
  Status SetIndexing(std::string_view wanted, const CallContext&) override {
    RETURN_IF_ERROR(Fail());
    policy = wanted;
    history.push_back("index " + policy);
    return Status::Ok();
  }
  Result<std::vector<std::string>> Warnings(const CallContext&) override {
    return std::vector<std::string>();
  }
  std::optional<uint32_t> progress = 100;

 private:
  Status Fail() {
    if (before_change) before_change();
    if (failures.empty()) return Status::Ok();
    Status failure = std::move(failures.front());
    failures.pop_front();
    return failure;
  }
  ProvisionedState State() {
    if (pending_ && clock_.Now() >= pending_until_) now = *std::exchange(pending_, std::nullopt);
    return {now, LeastAfter({}, now.autoscale), pending_.has_value()};
  }
  void Change(const ProvisionedThroughput& next, const std::string& how) {
    history.push_back(how + " " + DescribeProvisioned(next));
    highest = std::max(highest, next.units_per_second);
    if (change_takes.count() == 0) {
      now = next;
      return;
    }
    pending_ = next;
    pending_until_ = clock_.Now() + change_takes;
  }

  Clock& clock_;
  std::optional<ProvisionedThroughput> pending_;
  SteadyTime pending_until_;
};

class LoadTuningTest : public testing::Test {
 protected:
  LoadTuningTest() : service_(clock_) {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    state_ = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
    options_ = {
        .initial_load = kManual50000, .changes = {}, .light_indexing = false, .allowed = true};
  }
  ~LoadTuningTest() override {
    state_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<LoadTuning> Make(const std::string& target = "shop/items") {
    return std::make_unique<LoadTuning>(service_, *state_, clock_, "p", target, options_, nullptr);
  }
  bool HasRecord() { return state_->TuningOf("p")->has_value(); }

  ManualClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<StateStore> state_;
  FakeTuning service_;
  TuningOptions options_;
};

TEST_F(LoadTuningTest, RaisesForTheLoadAndSetsBackWhatWasThere) {
  service_.now = {false, 600};
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  EXPECT_EQ(service_.now, kManual50000);
  tuning->Leave();
  EXPECT_TRUE(tuning->report().left_over.ok());
  EXPECT_EQ(service_.now, (ProvisionedThroughput{false, 600}));
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, WhatWasThereIsInTheStateBeforeAnythingIsChanged) {
  options_.light_indexing = true;
  service_.before_change = [&] {
    const auto record = ReadTuning(*state_, "p");
    ASSERT_TRUE(record.ok() && record->has_value());
    EXPECT_EQ((*record)->provisioned->before, kManual400);
    EXPECT_EQ((*record)->index_policy_before, "all");
  };
  ASSERT_TRUE(Make()->Enter({}).ok());
  EXPECT_THAT(service_.history, ElementsAre("set 50,000 RU/s", "index light"));
}

TEST_F(LoadTuningTest, AKilledRunIsSetBackByTheNextOneWhateverItWantsItself) {
  options_.light_indexing = true;
  ASSERT_TRUE(Make()->Enter({}).ok());  // and killed
  options_ = {};
  const auto next = Make();
  ASSERT_TRUE(next->Enter({}).ok());
  EXPECT_EQ(service_.now.units_per_second, 500u);  // the least after 50,000
  EXPECT_EQ(service_.policy, "all");
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, ALoadThatGoesOnAfterAKillKeepsWhatWasThereBeforeTheFirst) {
  service_.now = {false, 700};
  ASSERT_TRUE(Make()->Enter({}).ok());  // and killed
  const auto next = Make();
  ASSERT_TRUE(next->Enter({}).ok());
  EXPECT_EQ(service_.now, kManual50000);
  next->Leave();
  EXPECT_EQ(service_.now, (ProvisionedThroughput{false, 700}));
}

TEST_F(LoadTuningTest, ALoadThatGoesOnWithAnotherThroughputSetsTheFirstBackBefore) {
  service_.now = {false, 700};
  ASSERT_TRUE(Make()->Enter({}).ok());  // and killed
  options_.initial_load = ProvisionedThroughput{false, 60'000};
  const auto next = Make();
  ASSERT_TRUE(next->Enter({}).ok());
  EXPECT_EQ(service_.now.units_per_second, 60'000u);
  next->Leave();
  EXPECT_EQ(service_.now, (ProvisionedThroughput{false, 700}));
}

TEST_F(LoadTuningTest, ARunKilledBeforeItChangedAnythingLeavesNothingBehind) {
  service_.failures = {Internal("killed")};
  EXPECT_FALSE(Make()->Enter({}).ok());
  EXPECT_TRUE(HasRecord());
  const auto next = Make();
  ASSERT_TRUE(next->Restore({}).ok());
  EXPECT_EQ(service_.now, kManual400);
  EXPECT_THAT(service_.history, IsEmpty());
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, MigratesToAutoscaleForTheLoadAndBack) {
  options_.initial_load = ProvisionedThroughput{true, 20'000};
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  tuning->Leave();
  EXPECT_THAT(service_.history,
              ElementsAre("migrate autoscale to 1,000 RU/s", "set autoscale to 20,000 RU/s",
                          "migrate 1,000 RU/s", "set 400 RU/s"));
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, AMigrationThatWasCutInTwoIsFinishedBackwards) {
  options_.initial_load = ProvisionedThroughput{true, 20'000};
  ASSERT_TRUE(Make()->Enter({}).ok());
  service_.now = {true, 7'000};  // what the service picked, and then the run was killed
  ASSERT_TRUE(Make()->Restore({}).ok());
  EXPECT_EQ(service_.now, kManual400);
}

TEST_F(LoadTuningTest, AfterTheLoadTheThroughputOfChangesHolds) {
  options_.changes = kAutoscale4000;
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  tuning->Leave();
  // The least of autoscale after 50,000.
  EXPECT_EQ(service_.now, (ProvisionedThroughput{true, 5'000}));
  EXPECT_THAT(tuning->report().steps, Contains(HasSubstr("less than the service allows")));
}

TEST_F(LoadTuningTest, NothingIsSetThatCostsMoreAndNobodyAgreedTo) {
  options_.allowed = false;
  const Status refused = Make()->Enter({});
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.hint()), HasSubstr("--yes"));
  EXPECT_THAT(service_.history, IsEmpty());
  EXPECT_FALSE(HasRecord());
  service_.now = {false, 90'000};  // going down costs nothing
  EXPECT_TRUE(Make()->Enter({}).ok());
}

TEST_F(LoadTuningTest, AChangeThatTakesHoursLetsTheLoadGoOnAndIsSetBackLater) {
  service_.change_takes = hours(5);
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  EXPECT_THAT(tuning->report().steps, Contains(HasSubstr("pending")));
  tuning->Leave();
  EXPECT_EQ(tuning->report().left_over.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(HasRecord());
  clock_.Advance(hours(6));
  service_.change_takes = {};
  tuning->Poll();
  EXPECT_TRUE(tuning->report().left_over.ok());
  EXPECT_EQ(service_.now.units_per_second, 500u);
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, AMigrationThatIsPendingGetsItsSecondStepWhileTheLoadGoesOn) {
  options_.initial_load = ProvisionedThroughput{true, 20'000};
  service_.change_takes = seconds(60);
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  clock_.Advance(seconds(61));
  tuning->Poll();
  clock_.Advance(seconds(61));
  tuning->Poll();
  EXPECT_EQ(service_.now, (ProvisionedThroughput{true, 20'000}));
}

TEST_F(LoadTuningTest, SomebodyElsesPendingChangeIsLeftAlone) {
  service_.change_takes = hours(1);
  ASSERT_TRUE(service_.SetProvisioned({false, 9'000}, {}).ok());
  service_.history.clear();
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  EXPECT_THAT(service_.history, IsEmpty());
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, WhatSomebodyElseHasSetMeanwhileIsLeftAsItIs) {
  options_.light_indexing = true;
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  service_.now = {false, 9'000};
  service_.policy = "theirs";
  tuning->Leave();
  EXPECT_EQ(service_.now.units_per_second, 9'000u);
  EXPECT_EQ(service_.policy, "theirs");
  EXPECT_THAT(tuning->report().steps, Contains(HasSubstr("somebody else")));
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, ABusyServiceIsAskedAgainAndOneThatRefusesIsNot) {
  service_.failures = {Throttled("429"), Unavailable("503"), Unsure("lost")};
  ASSERT_TRUE(Make()->Enter({}).ok());
  EXPECT_EQ(service_.now, kManual50000);
  ASSERT_TRUE(Make()->Restore({}).ok());
  service_.failures = {PermissionDenied("403"), Internal("not reached")};
  EXPECT_EQ(Make()->Enter({}).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(service_.failures.size(), 1u);
}

TEST_F(LoadTuningTest, WhatCannotBeSetBackIsToldAndTriedAgain) {
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  service_.failures = {PermissionDenied("403")};
  tuning->Leave();
  EXPECT_EQ(tuning->report().left_over.code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(HasRecord());
  clock_.Advance(seconds(10));
  tuning->Poll();
  EXPECT_TRUE(tuning->report().left_over.ok());
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, ARunnerWhoseLeaseIsAnothersByNowSetsNothingBack) {
  const auto tuning = Make();
  auto lease = *state_->AcquireLease("p", seconds(30));
  ASSERT_TRUE(tuning->Enter({}).ok());
  clock_.Advance(seconds(60));
  const auto other = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
  const auto theirs = *other->AcquireLease("p", seconds(30));
  tuning->Leave();
  EXPECT_EQ(tuning->report().left_over.code(), StatusCode::kLocked);
  EXPECT_EQ(service_.now, kManual50000);
  EXPECT_TRUE(HasRecord());
}

TEST_F(LoadTuningTest, AnotherDestinationIsNotSetToWhatThisOneWas) {
  ASSERT_TRUE(Make("shop/items")->Enter({}).ok());
  service_.history.clear();
  options_ = {};
  const auto next = Make("shop/others");
  ASSERT_TRUE(next->Enter({}).ok());
  EXPECT_THAT(service_.history, IsEmpty());
  EXPECT_THAT(next->report().steps, Contains(HasSubstr("shop/items")));
  EXPECT_THAT(next->report().steps, Contains(HasSubstr("400 RU/s")));
  EXPECT_FALSE(HasRecord());
}

TEST_F(LoadTuningTest, TheProgressOfTheIndexIsToldUntilItIsBuilt) {
  options_.light_indexing = true;
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  service_.progress = 10;
  tuning->Leave();
  EXPECT_THAT(tuning->report().steps, Contains(HasSubstr("10 %")));
  clock_.Advance(seconds(6));
  service_.progress = 100;
  tuning->Poll();
  EXPECT_EQ(tuning->report().index_progress_percent, 100u);
  const size_t steps = tuning->report().steps.size();
  clock_.Advance(seconds(6));
  tuning->Poll();
  EXPECT_EQ(tuning->report().steps.size(), steps);
}

TEST_F(LoadTuningTest, AnIndexPolicyThatIsLightAlreadyIsNotTouched) {
  options_ = {.initial_load = {}, .changes = {}, .light_indexing = true, .allowed = false};
  service_.policy = "light";
  const auto tuning = Make();
  ASSERT_TRUE(tuning->Enter({}).ok());
  EXPECT_FALSE(HasRecord());
  tuning->Leave();
  EXPECT_THAT(service_.history, IsEmpty());
}

TEST_F(LoadTuningTest, ARecordThatCannotBeReadIsNeverTakenForNone) {
  ASSERT_TRUE(state_->SetTuning("p", R"({"target":"x","provisioned":{}})").ok());
  EXPECT_EQ(Make()->Enter({}).code(), StatusCode::kDataLoss);
  EXPECT_EQ(Make()->Restore({}).code(), StatusCode::kDataLoss);
  EXPECT_TRUE(HasRecord());
}

TEST(TuningPlan, AutoscaleCostsHalfAsMuchAgain) {
  EXPECT_TRUE(CostsMore(kManual400, kManual50000));
  EXPECT_FALSE(CostsMore(kManual50000, kManual400));
  EXPECT_TRUE(CostsMore({false, 4'000}, {true, 4'000}));
  EXPECT_FALSE(CostsMore({false, 6'000}, {true, 4'000}));
}

TEST(TuningPlan, WarnsOfALimitThatIsMoreThanTheContainerAdmits) {
  ThroughputLimit limit;
  limit.units_per_second = 8'000;
  EXPECT_THAT(WarnOfLimit("p", limit, 4'000), HasSubstr("8,000 RU/s"));
  EXPECT_THAT(WarnOfLimit("p", limit, 4'000), HasSubstr("admits 4,000"));
  EXPECT_THAT(WarnOfLimit("p", limit, 4'000), HasSubstr("spillway throttle p"));
  EXPECT_THAT(WarnOfLimit("p", limit, 8'000), IsEmpty());
  EXPECT_THAT(WarnOfLimit("p", {.share = 1, .units_per_second = {}}, 4), IsEmpty());
}

}  // namespace
}  // namespace spillway
