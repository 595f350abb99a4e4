#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace spillway {
namespace {

TEST(BoundedQueue, GivesItemsInOrderAndEndsAfterClose) {
  BoundedQueue<int> queue(100);
  ASSERT_TRUE(queue.Push(1, 10, {}).ok());
  ASSERT_TRUE(queue.Push(2, 10, {}).ok());
  queue.Close();
  EXPECT_EQ(queue.Pop({}), 1);
  EXPECT_EQ(queue.Pop({}), 2);
  EXPECT_EQ(queue.Pop({}), std::nullopt);
}

TEST(BoundedQueue, AFullQueueHoldsTheProducerUntilSpaceIsMade) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(queue.Push(1, 10, {}).ok());
  std::jthread producer([&] { EXPECT_TRUE(queue.Push(2, 10, {}).ok()); });
  EXPECT_EQ(queue.Pop({}), 1);
  EXPECT_EQ(queue.Pop({}), 2);
}

TEST(BoundedQueue, AnItemAboveTheBoundIsAdmittedAlone) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.Push(1, 1000, {}).ok());
  EXPECT_EQ(queue.Pop({}), 1);
}

TEST(BoundedQueue, APushIntoAQueueClosedByAFailureReturnsThatFailure) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(queue.Push(1, 1, {}).ok());
  queue.Close(Unauthenticated("bad key"));
  queue.Close(Cancelled("later"));
  EXPECT_EQ(queue.Push(2, 1, {}).message(), "bad key");
  EXPECT_EQ(queue.Pop({}), std::nullopt) << "a failure drops what is queued";
}

TEST(BoundedQueue, AStopEndsAWaitingPushAndAWaitingPop) {
  std::stop_source stop;
  stop.request_stop();
  BoundedQueue<int> queue(1);
  EXPECT_EQ(queue.Pop(stop.get_token()), std::nullopt);
  ASSERT_TRUE(queue.Push(1, 1, {}).ok());
  EXPECT_EQ(queue.Push(2, 1, stop.get_token()).code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace spillway
