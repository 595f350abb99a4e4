#include "throughput/charge_model.h"

#include <gtest/gtest.h>

#include <string>

namespace spillway {
namespace {

double TenAndOneAKilobyte(uint64_t bytes) {
  return 10 + static_cast<double>(bytes) / 1024;
}

// Holds the bytes that its document points to.
struct Sized {
  explicit Sized(size_t bytes, Intent intent = Intent::kUpsert) : body(bytes, 'x') {
    document.body = body;
    document.intent = intent;
  }
  std::string body;
  Document document;
};

TEST(ChargeModel, ExpectsWhatTheDestinationDoesUntilItKnowsBetter) {
  const ChargeModel model(TenAndOneAKilobyte);
  EXPECT_DOUBLE_EQ(model.Predict(Sized(1024).document), 11);
  EXPECT_DOUBLE_EQ(model.Predict(Sized(10 * 1024).document), 20);
}

TEST(ChargeModel, LearnsWhatAWriteOfItsSizeAndIntentCosts) {
  ChargeModel model(TenAndOneAKilobyte);
  for (int i = 0; i < 50; ++i) model.Learn(Sized(1000).document, 7);
  for (int i = 0; i < 50; ++i) model.Learn(Sized(1000, Intent::kDelete).document, 5);
  EXPECT_NEAR(model.Predict(Sized(1010).document), 7, 0.01);
  EXPECT_NEAR(model.Predict(Sized(1010, Intent::kDelete).document), 5, 0.01);
}

TEST(ChargeModel, CarriesWhatItHasLearnedOverToSizesThatItHasNotSeen) {
  ChargeModel model(TenAndOneAKilobyte);
  for (int i = 0; i < 50; ++i) model.Learn(Sized(1024).document, 22);  // twice as much as expected
  EXPECT_NEAR(model.Predict(Sized(20 * 1024).document), 60, 1);
}

TEST(ChargeModel, FollowsAPriceThatChangesWithinTwentyWrites) {
  ChargeModel model(TenAndOneAKilobyte);
  for (int i = 0; i < 100; ++i) model.Learn(Sized(1000).document, 8);
  for (int i = 0; i < 20; ++i) model.Learn(Sized(1000).document, 24);
  EXPECT_NEAR(model.Predict(Sized(1000).document), 24, 0.24);
}

TEST(ChargeModel, AnAnswerWithoutAChargeTeachesNothing) {
  ChargeModel model(TenAndOneAKilobyte);
  model.Learn(Sized(1024).document, 0);
  EXPECT_DOUBLE_EQ(model.Predict(Sized(1024).document), 11);
}

TEST(ChargeModel, TakesEverySize) {
  ChargeModel model(TenAndOneAKilobyte);
  for (const size_t bytes : {0u, 1u, 3u, 4u, 5u, 100u, 2u << 20, 32u << 20}) {
    model.Learn(Sized(bytes).document, 3);
    EXPECT_DOUBLE_EQ(model.Predict(Sized(bytes).document), 3) << bytes;
  }
}

TEST(ChargeModel, WhereCostIsNotMeasuredEveryWriteIsOne) {
  ChargeModel model(nullptr);
  model.Learn(Sized(1024).document, 100);
  EXPECT_DOUBLE_EQ(model.Predict(Sized(1024).document), 1);
}

}  // namespace
}  // namespace spillway
