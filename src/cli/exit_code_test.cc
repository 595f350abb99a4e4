#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include <set>

namespace spillway {
namespace {

struct Case {
  StatusCode code;
  int exit_code;
};

class ExitCode : public ::testing::TestWithParam<Case> {};

TEST_P(ExitCode, TellsTheClassOfTheFailure) {
  EXPECT_EQ(ExitCodeOf(Status(GetParam().code, "x"), 0), GetParam().exit_code);
}

INSTANTIATE_TEST_SUITE_P(
    All, ExitCode,
    ::testing::Values(Case{StatusCode::kOk, 0}, Case{StatusCode::kInternal, 1},
                      Case{StatusCode::kNotFound, 1}, Case{StatusCode::kDataLoss, 1},
                      Case{StatusCode::kTooLarge, 1}, Case{StatusCode::kInvalidArgument, 2},
                      Case{StatusCode::kRejectedOverBudget, 3}, Case{StatusCode::kMismatch, 5},
                      Case{StatusCode::kUnauthenticated, 6}, Case{StatusCode::kPermissionDenied, 6},
                      Case{StatusCode::kThrottled, 7}, Case{StatusCode::kUnavailable, 7},
                      Case{StatusCode::kUnsure, 7}, Case{StatusCode::kLocked, 8},
                      Case{StatusCode::kUnsupported, 9}, Case{StatusCode::kConflict, 9}));

TEST(ExitCodeTable, NamesTheSignalThatStoppedACleanRun) {
  EXPECT_EQ(ExitCodeOf(Cancelled("x"), 2), 130);
  EXPECT_EQ(ExitCodeOf(Cancelled("x"), 15), 143);
  EXPECT_EQ(ExitCodeOf(Cancelled("x"), 0), 1);
  EXPECT_EQ(ExitCodeOf(Unavailable("x"), 2), 7) << "only cancelled work was stopped by the signal";
}

TEST(ExitCodeTable, HasEveryCodeOnce) {
  std::set<int> codes;
  for (const ExitCodeMeaning& code : ExitCodes()) EXPECT_TRUE(codes.insert(code.code).second);
  EXPECT_EQ(codes, (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130, 143}));
}

}  // namespace
}  // namespace spillway
