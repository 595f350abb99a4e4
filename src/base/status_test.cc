#include "base/status.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;

TEST(Status, OkHasNoMessageAndNoHint) {
  Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.hint(), "");
  EXPECT_EQ(status.ToString(), "ok");
}

TEST(Status, ContextGoesInFrontAndKeepsCodeHintAndWait) {
  Status status = Throttled("429").WithHint("lower the limit").WithRetryAfter(milliseconds(17));
  status = std::move(status).WithContext("writing to range 3");
  EXPECT_EQ(status.code(), StatusCode::kThrottled);
  EXPECT_EQ(status.message(), "writing to range 3: 429");
  EXPECT_EQ(status.hint(), "lower the limit");
  EXPECT_EQ(status.retry_after(), milliseconds(17));
}

TEST(Status, ContextOnOkStaysOk) {
  EXPECT_TRUE(Status::Ok().WithContext("anything").ok());
}

TEST(Status, CopiesAreIndependent) {
  Status first = NotFound("a");
  Status second = first;
  second = std::move(second).WithContext("b");
  EXPECT_EQ(first.message(), "a");
  EXPECT_EQ(second.message(), "b: a");
}

Result<int> Half(int value) {
  if (value % 2 != 0) return InvalidArgument("odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  ASSIGN_OR_RETURN(int half, Half(value));
  ASSIGN_OR_RETURN(int quarter, Half(half));
  return quarter;
}

TEST(Result, AssignOrReturnPassesTheValueOrTheFirstError) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
}

}  // namespace
}  // namespace spillway
