#include "changes/delete_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using testing::HasSubstr;

TEST(DeleteGuard, LetsAHundredDocumentsGoFromAnyTable) {
  DeleteGuard guard({}, "p");
  EXPECT_TRUE(guard.Check(100, 300).ok());
}

TEST(DeleteGuard, StopsMoreThanItsShareAndSaysHowToAllowIt) {
  DeleteGuard guard({}, "p");
  EXPECT_TRUE(guard.Check(1'000, 10'000).ok());
  guard.Reset();
  const Status stopped = guard.Check(1'001, 10'000);
  EXPECT_EQ(stopped.code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(stopped.message()), HasSubstr("delete 1001 of the 10000"));
  EXPECT_THAT(std::string(stopped.hint()), HasSubstr("spillway sync p --allow-deletes"));
}

TEST(DeleteGuard, CountsTheWindowsOfARunTogether) {
  DeleteGuard guard({}, "p");
  EXPECT_TRUE(guard.Check(600, 10'000).ok());
  EXPECT_FALSE(guard.Check(600, 9'400).ok());
}

TEST(DeleteGuard, AnEmptiedTableNeverEmptiesASmallDestination) {
  DeleteGuard guard({}, "p");
  EXPECT_FALSE(guard.Check(5, 5).ok());
  EXPECT_TRUE(guard.Check(4, 5).ok());
}

TEST(DeleteGuard, ASingleDocumentMayGo) {
  DeleteGuard guard({}, "p");
  EXPECT_TRUE(guard.Check(1, 1).ok());
}

TEST(DeleteGuard, SwitchedOffItAllowsEverything) {
  DeleteGuard guard({.share = std::nullopt}, "p");
  EXPECT_TRUE(guard.Check(10'000, 10'000).ok());
}

}  // namespace
}  // namespace spillway
