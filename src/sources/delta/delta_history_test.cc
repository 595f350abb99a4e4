#include "sources/delta/delta_history.h"

#include <gtest/gtest.h>

#include <string>

#include "spillway_bridge.h"

namespace spillway {
namespace {

VersionRows Of(const std::string& text) {
  const std::string padded = text + std::string(BRIDGE_COMMIT_PADDING, '\0');
  auto parsed = ParseCommit(std::string_view(padded).substr(0, text.size()));
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  return RowsOf(parsed->commit);
}

std::string Info(const std::string& operation, const std::string& metrics) {
  return R"({"commitInfo":{"operation":")" + operation + R"(","operationMetrics":{)" + metrics +
         "}}}\n";
}

std::string File(const std::string& action, const std::string& path, int rows,
                 const std::string& more = "") {
  const std::string stats =
      rows < 0 ? "" : R"(,"stats":"{\"numRecords\":)" + std::to_string(rows) + R"(}")";
  return R"({")" + action + R"(":{"path":")" + path + R"(","size":9,"dataChange":true)" + stats +
         more + "}}\n";
}

void Expect(const VersionRows& rows, RowCountBasis basis, uint64_t inserted, uint64_t updated,
            uint64_t deleted) {
  EXPECT_EQ(rows.basis, basis);
  EXPECT_EQ(rows.inserted, inserted);
  EXPECT_EQ(rows.updated, updated);
  EXPECT_EQ(rows.deleted, deleted);
}

constexpr auto kMetrics = RowCountBasis::kMetrics;
constexpr auto kFiles = RowCountBasis::kFiles;
constexpr auto kUnknown = RowCountBasis::kUnknown;

TEST(DeltaHistory, TheMetricsOfBothWritersAreUnderstood) {
  const std::string files = File("remove", "a", 10) + File("add", "b", 11);
  Expect(Of(Info("MERGE", R"("numTargetRowsInserted":"3","numTargetRowsUpdated":"2",)"
                          R"("numTargetRowsDeleted":"1","numOutputRows":"11")") +
            files),
         kMetrics, 3, 2, 1);
  Expect(Of(Info("MERGE", R"("num_target_rows_inserted":3,"num_target_rows_updated":2,)"
                          R"("num_target_rows_deleted":1,"num_output_rows":11)") +
            files),
         kMetrics, 3, 2, 1);
  Expect(Of(Info("UPDATE", R"("num_updated_rows":4,"num_copied_rows":6)") + files), kMetrics, 0, 4,
         0);
  Expect(Of(Info("DELETE", R"("numDeletedRows":"5","numCopiedRows":"5")") + files), kMetrics, 0, 0,
         5);
}

TEST(DeltaHistory, RowsThatAreAppendedAreInserted) {
  Expect(Of(Info("WRITE", R"("num_added_rows":7)") + File("add", "a", 7)), kMetrics, 7, 0, 0);
  EXPECT_EQ(Of(Info("STREAMING UPDATE", R"("numOutputRows":"7")") + File("add", "a", 7)).operation,
            "STREAMING UPDATE");
}

TEST(DeltaHistory, OfAnOverwriteAtMostSoManyRowsChange) {
  const std::string info = Info("WRITE", R"("numOutputRows":"7")");
  Expect(Of(info + File("remove", "a", 4) + File("add", "b", 7)), kFiles, 3, 4, 0);
  Expect(Of(info + File("remove", "a", 9) + File("add", "b", 7)), kFiles, 0, 7, 2);
  Expect(Of(info + File("remove", "a", -1) + File("add", "b", 7)), kFiles, 0, 7, 0);
}

TEST(DeltaHistory, WithoutMetricsTheFilesTell) {
  Expect(Of(File("add", "a", 4)), kFiles, 4, 0, 0);
  Expect(Of(File("add", "a", 4) + File("remove", "b", 6)), kFiles, 0, 4, 2);
}

TEST(DeltaHistory, ADeletionVectorTakesOnlyWhatItMasks) {
  const std::string vector =
      R"(,"deletionVector":{"storageType":"u","pathOrInlineDv":"x","sizeInBytes":9,)"
      R"("cardinality":3})";
  Expect(Of(File("remove", "a", 1000) + File("add", "a", 1000, vector)), kFiles, 0, 0, 3);
}

TEST(DeltaHistory, WhatIsNotToldIsUnknown) {
  Expect(Of(File("add", "a", -1)), kUnknown, 0, 0, 0);
  Expect(Of(Info("UPDATE", R"("numUpdatedRows":"many")") + File("add", "a", -1)), kUnknown, 0, 0,
         0);
}

TEST(DeltaHistory, MaintenanceChangesNoRow) {
  const std::string same = R"({"add":{"path":"a","size":9,"dataChange":false}})";
  Expect(Of(Info("OPTIMIZE", R"("numAddedFiles":"1")") + same), kMetrics, 0, 0, 0);
  Expect(Of(Info("SET TBLPROPERTIES", "")), kMetrics, 0, 0, 0);
}

}  // namespace
}  // namespace spillway
