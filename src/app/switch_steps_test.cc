#include "app/switch_steps.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace spillway {
namespace {

constexpr Share kHalf{0.5};

ChangesPlan Pending(double upserts, double deletes) {
  ChangesPlan plan;
  plan.ranges.emplace_back();
  plan.estimated = true;
  plan.bytes = plan.bytes_read = 1;
  plan.upserts = upserts;
  plan.deletes = deletes;
  return plan;
}

TEST(LargeChanges, AreMoreThanTheShareOfTheDocumentsAndNotAFew) {
  EXPECT_TRUE(IsLarge(Pending(4'000, 1'001), 10'000, 0, kHalf));
  EXPECT_FALSE(IsLarge(Pending(4'000, 1'000), 10'000, 0, kHalf)) << "not more than the share";
  EXPECT_FALSE(IsLarge(Pending(999, 0), 1'000, 0, kHalf)) << "a few documents are no load";
  EXPECT_FALSE(IsLarge(Pending(9'999, 0), 10'000, 0, std::nullopt)) << "switched off";
  EXPECT_FALSE(IsLarge(ChangesPlan{}, 0, 0, kHalf)) << "nothing is pending";
}

TEST(LargeChanges, ThatAreTooLargeToBeReadAreJudgedByWhatTheLogSays) {
  ChangesPlan images = Pending(0, 0);
  images.bytes_read = 0;
  images.rows = 6'000;
  EXPECT_TRUE(IsLarge(images, 10'000, 0, kHalf));
  images.rows = 4'000;
  EXPECT_FALSE(IsLarge(images, 10'000, 0, kHalf));
  images.rows.reset();
  images.bytes = 600;
  EXPECT_TRUE(IsLarge(images, 10'000, 1'000, kHalf));
  EXPECT_FALSE(IsLarge(images, 10'000, 10'000, kHalf));
}

TEST(SwitchSteps, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (int step = 0; step <= static_cast<int>(SwitchStep::kDrop); ++step) {
    names.emplace(SwitchStepName(static_cast<SwitchStep>(step)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(SwitchStep::kDrop) + 1);
  EXPECT_EQ(names.count("unknown"), 0u);
}

}  // namespace
}  // namespace spillway
