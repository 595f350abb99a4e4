#include "engine/waiting_documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace spillway {
namespace {

using testing::ElementsAre;

// Documents of sections that begin at 0, 10 and 20. A document is its route.
class WaitingDocumentsTest : public testing::Test {
 protected:
  // One slice, in the order given.
  void Add(const std::vector<uint64_t>& routes) {
    auto encoded = std::make_shared<EncodedBatch>();
    for (const uint64_t route : routes) {
      Document document;
      document.route = {route, 0};
      encoded->documents.push_back(document);
    }
    BatchInFlight& batch = batches_.Open(encoded, {});
    batch.order().resize(routes.size());
    std::iota(batch.order().begin(), batch.order().end(), 0u);
    waiting_.Add({.batch = &batch, .begin = 0, .end = static_cast<uint32_t>(routes.size())});
  }
  std::vector<WaitingDocument> TakeItems(size_t count) {
    std::vector<WaitingDocument> taken;
    for (; taken.size() < count && !waiting_.chosen_is_empty(); waiting_.TakeNext()) {
      taken.push_back(waiting_.Next());
    }
    return taken;
  }
  // Up to `count` of the section that is next.
  std::vector<uint64_t> Take(size_t count, uint64_t full, bool oldest_first = false) {
    waiting_.Choose(full, oldest_first);
    std::vector<uint64_t> routes;
    for (const WaitingDocument& taken : TakeItems(count)) {
      routes.push_back(taken.document().route.high);
    }
    return routes;
  }

  OpenBatches batches_{[](BatchInFlight&) { return Status::Ok(); }};
  WaitingDocuments waiting_{{{0, 0}, {10, 0}, {20, 0}}};
};

TEST_F(WaitingDocumentsTest, GivesDocumentsOfOneSectionInTheOrderInWhichTheyCame) {
  Add({25, 3, 10, 9, 20, 1, 19});
  Add({2, 11});
  EXPECT_EQ(waiting_.size(), 9u);
  EXPECT_THAT(Take(9, 9), ElementsAre(25, 20));
  EXPECT_THAT(Take(9, 9), ElementsAre(3, 9, 1, 2));
  EXPECT_THAT(Take(9, 9), ElementsAre(10, 19, 11));
  EXPECT_EQ(waiting_.size(), 0u);
}

TEST_F(WaitingDocumentsTest, ASectionWithAFullWriteGoesBeforeOneThatHasWaitedLonger) {
  Add({1, 11, 12, 13});
  EXPECT_TRUE(waiting_.Has(3));
  EXPECT_FALSE(waiting_.Has(4));
  EXPECT_THAT(Take(3, 3), ElementsAre(11, 12, 13));
  EXPECT_THAT(Take(3, 3), ElementsAre(1));
}

TEST_F(WaitingDocumentsTest, TheLongestWaitingGoesFirstWhereThatIsAskedFor) {
  Add({1, 11, 12, 13});
  EXPECT_THAT(Take(3, 3, true), ElementsAre(1));
}

TEST_F(WaitingDocumentsTest, ASectionThatWasTakenFromWaitsForItsTurnAgain) {
  Add({1, 2, 3, 4, 11});
  EXPECT_THAT(Take(2, 5), ElementsAre(1, 2));
  EXPECT_THAT(Take(2, 5), ElementsAre(11));
  EXPECT_THAT(Take(2, 5), ElementsAre(3, 4));
}

TEST_F(WaitingDocumentsTest, WhatIsToBeSentAgainComesBeforeTheOthersOfItsSection) {
  Add({1, 2, 3, 21});
  waiting_.Choose(3, false);
  const std::vector<WaitingDocument> again = TakeItems(2);
  waiting_.PutFirst(again);
  EXPECT_EQ(waiting_.size(), 4u);
  EXPECT_THAT(Take(9, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(Take(9, 3), ElementsAre(21));
}

TEST_F(WaitingDocumentsTest, WithoutBoundsThereIsOneSection) {
  waiting_ = WaitingDocuments({});
  EXPECT_EQ(waiting_.sections(), 1u);
  Add({25, 3, 10});
  EXPECT_THAT(Take(9, 3), ElementsAre(25, 3, 10));
}

}  // namespace
}  // namespace spillway
