#include "changes/column_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = ColumnChange::Kind;

class ColumnPolicyTest : public testing::Test {
 protected:
  Status Judge(ColumnChange change) {
    return JudgeColumnChanges({&change, 1}, documents_, 8, &late_);
  }
  static ColumnChange Change(Kind kind, std::string column, std::string from = "",
                             std::string to = "") {
    ColumnChange change;
    change.kind = kind;
    change.column = std::move(column);
    change.old_type = std::move(from);
    change.new_type = std::move(to);
    return change;
  }

  DocumentOptions documents_;
  std::vector<std::string> late_;
};

TEST_F(ColumnPolicyTest, AnAddedColumnGoesOnAndItsNullsAreLeftOut) {
  ASSERT_TRUE(Judge(Change(Kind::kAdded, "colour")).ok());
  ASSERT_TRUE(Judge(Change(Kind::kAdded, "colour")).ok());
  EXPECT_THAT(late_, ElementsAre("colour"));
  const DocumentOptions mapping = WithLateColumns(documents_, late_);
  EXPECT_EQ(mapping.column_policies.at("colour").nulls, NullPolicy::kOmit);
  EXPECT_EQ(mapping.policy.nulls, NullPolicy::kKeep);
}

TEST_F(ColumnPolicyTest, AColumnThatIsNotMappedMayComeChangeAndGo) {
  documents_.columns = {"id", "name"};
  documents_.id_columns = {"id"};
  EXPECT_TRUE(Judge(Change(Kind::kAdded, "colour")).ok());
  EXPECT_TRUE(Judge(Change(Kind::kDropped, "colour")).ok());
  EXPECT_TRUE(Judge(Change(Kind::kRetyped, "colour", "string", "integer")).ok());
  EXPECT_THAT(late_, ElementsAre());
}

TEST_F(ColumnPolicyTest, ADroppedColumnNeedsADecision) {
  const Status judged = Judge(Change(Kind::kDropped, "colour"));
  EXPECT_EQ(judged.code(), StatusCode::kUnsupported);
  EXPECT_THAT(std::string(judged.message()), HasSubstr("version 8"));
  EXPECT_THAT(std::string(judged.message()), HasSubstr("colour"));
  EXPECT_THAT(std::string(judged.hint()), HasSubstr("--full"));
}

TEST_F(ColumnPolicyTest, ARenamedColumnNeedsADecisionUnderEitherName) {
  ColumnChange change = Change(Kind::kRenamed, "shade");
  change.old_column = "colour";
  EXPECT_EQ(Judge(change).code(), StatusCode::kUnsupported);
  documents_.columns = {"id", "colour"};
  EXPECT_EQ(Judge(change).code(), StatusCode::kUnsupported);
  documents_.columns = {"id"};
  EXPECT_TRUE(Judge(change).ok());
}

TEST_F(ColumnPolicyTest, AWiderTypeGoesOnUnlessItsTextChanges) {
  EXPECT_TRUE(Judge(Change(Kind::kWidened, "n", "integer", "long")).ok());
  EXPECT_TRUE(Judge(Change(Kind::kWidened, "n", "decimal(5,2)", "decimal(9,4)")).ok());
  documents_.policy.decimals = DecimalPolicy::kString;
  EXPECT_EQ(Judge(Change(Kind::kWidened, "n", "decimal(5,2)", "decimal(9,4)")).code(),
            StatusCode::kUnsupported);
}

TEST_F(ColumnPolicyTest, AnotherTypeNeedsADecision) {
  EXPECT_EQ(Judge(Change(Kind::kRetyped, "n", "string", "integer")).code(),
            StatusCode::kUnsupported);
}

}  // namespace
}  // namespace spillway
