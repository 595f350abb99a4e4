#include "destinations/cosmosdb/cosmos_modes.h"

#include <gtest/gtest.h>

#include "destinations/cosmosdb/cosmos_writer.h"

namespace spillway::cosmosdb {
namespace {

// The Spark connector's strategies, and our own modes beside them, answer by answer.
enum class Fate { kUpserted, kDeleted, kNotFound, kSuppressed, kRetry, kReject, kSkipped };

struct Case {
  WriteMode mode;
  Intent intent;
  bool etag;
  int status;  // 0: nothing may be sent
  int sub_status;
  Fate fate;
};

Fate FateOf(const RowVerdict& verdict) {
  switch (verdict.outcome) {
    case RowOutcome::kUpserted:
    case RowOutcome::kInserted:
    case RowOutcome::kReplaced:
      return Fate::kUpserted;
    case RowOutcome::kDeleted:
      return Fate::kDeleted;
    case RowOutcome::kNotFound:
      return Fate::kNotFound;
    case RowOutcome::kSuppressed:
      return Fate::kSuppressed;
    case RowOutcome::kFailed:
      break;
  }
  return verdict.failure.disposition == Disposition::kRetry ? Fate::kRetry : Fate::kReject;
}

class ModeTest : public testing::TestWithParam<Case> {};

TEST_P(ModeTest, GivesTheRowItsFate) {
  const Case& c = GetParam();
  const ModeRule& rule = RuleFor(c.mode, c.intent, c.etag);
  if (c.status == 0) {
    EXPECT_EQ(rule.step, c.fate == Fate::kSkipped ? Step::kSkip : Step::kNeedsEtag);
    return;
  }
  OperationResult result;
  result.status = c.status;
  result.sub_status = c.sub_status;
  EXPECT_EQ(FateOf(Judge(result, rule)), c.fate);
}

constexpr Intent kUp = Intent::kUpsert;
constexpr Intent kDel = Intent::kDelete;
using enum Fate;
using M = WriteMode;

INSTANTIATE_TEST_SUITE_P(UpsertAndAppend, ModeTest,
                         testing::Values(Case{M::kMirror, kUp, false, 201, 0, kUpserted},
                                         Case{M::kMirror, kUp, true, 200, 0, kUpserted},
                                         Case{M::kMirror, kUp, false, 404, 0, kRetry},
                                         Case{M::kMirror, kUp, false, 409, 3301, kReject},
                                         Case{M::kMirror, kDel, false, 204, 0, kDeleted},
                                         Case{M::kMirror, kDel, false, 404, 0, kNotFound},
                                         Case{M::kMirror, kDel, false, 404, 1002, kRetry},
                                         Case{M::kMirror, kDel, false, 412, 0, kReject},
                                         Case{M::kUpsert, kUp, false, 200, 0, kUpserted},
                                         Case{M::kUpsert, kUp, false, 404, 0, kRetry},
                                         Case{M::kUpsert, kUp, false, 409, 0, kReject},
                                         Case{M::kUpsert, kDel, false, 0, 0, kSkipped},
                                         Case{M::kAppend, kUp, false, 201, 0, kUpserted},
                                         Case{M::kAppend, kUp, false, 409, 0, kSuppressed},
                                         Case{M::kAppend, kUp, false, 409, 3301, kSuppressed},
                                         Case{M::kAppend, kUp, false, 404, 0, kReject},
                                         Case{M::kAppend, kDel, true, 0, 0, kSkipped},
                                         Case{M::kUpdate, kUp, false, 200, 0, kUpserted},
                                         Case{M::kUpdate, kUp, false, 404, 0, kSuppressed},
                                         Case{M::kUpdate, kUp, false, 404, 1003, kReject},
                                         Case{M::kUpdate, kUp, false, 429, 3200, kRetry},
                                         Case{M::kUpdate, kDel, false, 0, 0, kSkipped}));

INSTANTIATE_TEST_SUITE_P(
    Conditional, ModeTest,
    testing::Values(Case{M::kUpsertIfNotModified, kUp, false, 201, 0, kUpserted},
                    Case{M::kUpsertIfNotModified, kUp, false, 409, 0, kSuppressed},
                    Case{M::kUpsertIfNotModified, kUp, false, 412, 0, kReject},
                    Case{M::kUpsertIfNotModified, kUp, true, 200, 0, kUpserted},
                    Case{M::kUpsertIfNotModified, kUp, true, 412, 0, kSuppressed},
                    Case{M::kUpsertIfNotModified, kUp, true, 404, 0, kSuppressed},
                    Case{M::kUpsertIfNotModified, kUp, true, 409, 3301, kReject},
                    Case{M::kUpsertIfNotModified, kDel, true, 0, 0, kSkipped},
                    Case{M::kDeleteIfNotModified, kUp, true, 204, 0, kDeleted},
                    Case{M::kDeleteIfNotModified, kDel, true, 204, 0, kDeleted},
                    Case{M::kDeleteIfNotModified, kUp, true, 404, 0, kNotFound},
                    Case{M::kDeleteIfNotModified, kUp, true, 412, 0, kSuppressed},
                    Case{M::kDeleteIfNotModified, kUp, true, 412, 2001, kRetry},
                    Case{M::kDeleteIfNotModified, kUp, false, 0, 0, kReject},
                    Case{M::kDeleteIfNotModified, kDel, false, 0, 0, kReject}));

INSTANTIATE_TEST_SUITE_P(PatchesAndDeletes, ModeTest,
                         testing::Values(Case{M::kPatch, kUp, false, 200, 0, kUpserted},
                                         Case{M::kPatch, kUp, false, 404, 0, kReject},
                                         Case{M::kPatch, kUp, false, 400, 0, kReject},
                                         Case{M::kPatch, kDel, false, 0, 0, kSkipped},
                                         Case{M::kPatchIfExists, kUp, false, 200, 0, kUpserted},
                                         Case{M::kPatchIfExists, kUp, false, 404, 0, kSuppressed},
                                         Case{M::kPatchIfExists, kUp, false, 404, 1002, kRetry},
                                         Case{M::kPatchIfExists, kDel, false, 0, 0, kSkipped},
                                         Case{M::kMergeFields, kUp, false, 200, 0, kUpserted},
                                         Case{M::kMergeFields, kUp, false, 404, 0, kRetry},
                                         Case{M::kMergeFields, kUp, false, 409, 0, kRetry},
                                         Case{M::kMergeFields, kUp, false, 412, 0, kRetry},
                                         Case{M::kMergeFields, kDel, false, 0, 0, kSkipped},
                                         Case{M::kDelete, kUp, false, 204, 0, kDeleted},
                                         Case{M::kDelete, kUp, true, 404, 0, kNotFound},
                                         Case{M::kDelete, kDel, false, 204, 0, kDeleted},
                                         Case{M::kDelete, kDel, false, 404, 1003, kReject},
                                         Case{M::kSoftDelete, kUp, false, 201, 0, kUpserted},
                                         Case{M::kSoftDelete, kDel, false, 200, 0, kDeleted},
                                         Case{M::kSoftDelete, kDel, false, 404, 0, kNotFound},
                                         Case{M::kSoftDelete, kDel, false, 449, 0, kRetry}));

TEST(Modes, OnlyConditionalRulesSendTheEtag) {
  for (int mode = 0; mode <= static_cast<int>(WriteMode::kSoftDelete); ++mode) {
    const auto m = static_cast<WriteMode>(mode);
    const bool conditional =
        m == WriteMode::kUpsertIfNotModified || m == WriteMode::kDeleteIfNotModified;
    EXPECT_EQ(RuleFor(m, Intent::kUpsert, true).conditional, conditional) << mode;
    EXPECT_FALSE(RuleFor(m, Intent::kUpsert, false).conditional) << mode;
  }
}

TEST(Modes, SparkNamesAreMapped) {
  EXPECT_EQ(WriteModeOfSparkStrategy("ItemOverwrite"), WriteMode::kUpsert);
  EXPECT_EQ(WriteModeOfSparkStrategy("ItemAppend"), WriteMode::kAppend);
  EXPECT_EQ(WriteModeOfSparkStrategy("ItemOverwriteIfNotModified"),
            WriteMode::kUpsertIfNotModified);
  EXPECT_EQ(WriteModeOfSparkStrategy("ItemDelete"), WriteMode::kDelete);
  EXPECT_EQ(WriteModeOfSparkStrategy("ItemDeleteIfNotModified"), WriteMode::kDeleteIfNotModified);
  EXPECT_EQ(WriteModeOfSparkStrategy("ItemPatch"), WriteMode::kPatch);
  EXPECT_EQ(WriteModeOfSparkStrategy("ItemPatchIfExists"), WriteMode::kPatchIfExists);
  EXPECT_EQ(WriteModeOfSparkStrategy("ItemBulkUpdate"), WriteMode::kMergeFields);
  EXPECT_EQ(WriteModeOfSparkStrategy("itemoverwrite"), std::nullopt);
}

}  // namespace
}  // namespace spillway::cosmosdb
