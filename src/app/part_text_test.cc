#include "app/part_text.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

CrewOutcome Outcome() {
  CrewOutcome outcome;
  outcome.cost = 12.5;
  outcome.requests = 3;
  outcome.throttled_requests = 1;
  outcome.bytes_sent = 1 << 20;
  SplitOutcome split{.split = 7, .first_row = 100, .rows = 3};
  split.counts.read = 3;
  split.counts.upserted = 2;
  split.counts.inserted = 2;
  split.counts.rejected = 1;
  split.rejected.push_back({.row = 2, .key = R"(["a\n"])", .reason = "r", .message = "m\"é"});
  split.identities = {IdentityRecord::Make({1, 2}, {7, 100}, true),
                      IdentityRecord::Make({3, 4}, {7, 101}, true)};
  outcome.splits = {split, {.split = 8}};
  return outcome;
}

TEST(PartText, APartIsReadAsItWasWritten) {
  SplitRunWork work{
      "table-\"1\"", 12, 5, {SplitWork{3, 40, {}}, SplitWork{4, 0, {}}}, {"a é", "b"}};
  const auto read = ParsePartText(PartText(9, work));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->part, 9u);
  EXPECT_EQ(read->work.table_id, work.table_id);
  EXPECT_EQ(read->work.version, 12);
  EXPECT_EQ(read->work.run_id, 5);
  EXPECT_EQ(read->work.keys, work.keys);
  ASSERT_EQ(read->work.work.size(), 2u);
  EXPECT_EQ(read->work.work[0].split, 3u);
  EXPECT_EQ(read->work.work[0].skip_rows, 40u);
}

TEST(PartText, AnOutcomeIsReadAsItWasWritten) {
  const CrewOutcome written = Outcome();
  const auto read = ParseOutcomeText(OutcomeText(9, written));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->part, 9u);
  EXPECT_EQ(read->outcome.cost, 12.5);
  EXPECT_EQ(read->outcome.requests, 3u);
  EXPECT_EQ(read->outcome.throttled_requests, 1u);
  EXPECT_EQ(read->outcome.bytes_sent, 1u << 20);
  ASSERT_EQ(read->outcome.splits.size(), 2u);
  const SplitOutcome& split = read->outcome.splits[0];
  EXPECT_EQ(split.first_row, 100u);
  EXPECT_EQ(split.rows, 3u);
  EXPECT_EQ(split.counts, written.splits[0].counts);
  EXPECT_EQ(split.identities, written.splits[0].identities);
  ASSERT_EQ(split.rejected.size(), 1u);
  EXPECT_EQ(split.rejected[0].row, 2u);
  EXPECT_EQ(split.rejected[0].key, R"(["a\n"])");
  EXPECT_EQ(split.rejected[0].message, "m\"é");
  EXPECT_EQ(read->outcome.splits[1].split, 8u);
}

TEST(PartText, WhatIsCutOrLongerAnywhereIsDataLoss) {
  const std::string whole = OutcomeText(9, Outcome());
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_EQ(ParseOutcomeText(whole.substr(0, bytes)).status().code(), StatusCode::kDataLoss)
        << bytes;
  }
  EXPECT_EQ(ParseOutcomeText(whole + "x").status().code(), StatusCode::kDataLoss);
  const std::string part = PartText(1, {"t", 1, 1, {SplitWork{}}, {"a"}});
  for (size_t bytes = 0; bytes < part.size(); ++bytes) {
    EXPECT_EQ(ParsePartText(part.substr(0, bytes)).status().code(), StatusCode::kDataLoss) << bytes;
  }
}

}  // namespace
}  // namespace spillway
