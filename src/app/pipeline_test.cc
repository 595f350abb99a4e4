#include "app/pipeline.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "app/partition_advice.h"
#include "app/plan.h"
#include "app/sync_pipeline.h"
#include "app/verify_pipeline.h"
#include "sources/delta/delta_test_table.h"

namespace spillway {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kRows = 10;  // of testdata/rows.parquet

// Some of its columns.
std::string Fields() {
  return Simple("id", "long") + "," + Simple("name", "string") + "," + Simple("ratio", "double") +
         "," + Simple("flag", "boolean");
}

// A table written by hand, and a pipeline from it into files: the real program without a network.
class Pipeline : public ::testing::Test {
 protected:
  Pipeline() {
    table_.Place("rows.parquet", "rows.parquet");
    table_.Commit({ProtocolAction(), MetadataAction(Fields()),
                   AddAction("rows.parquet", TestdataSize("rows.parquet"),
                             {.stats = R"({"numRecords":10})"})});
    std::filesystem::create_directories(folder_);
  }
  ~Pipeline() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Project> Load(const std::string& container = "rows",
                                const std::string& more = "") {
    const std::filesystem::path root = table_.root();
    auto project = Project::Parse(
        fmt::format("version: 1\n"
                    "connections:\n"
                    "  lake: {{type: delta, root: '{}'}}\n"
                    "  out: {{type: file, root: out}}\n"
                    "pipelines:\n"
                    "  p:\n"
                    "    source: {{connection: lake, table: '{}'}}\n"
                    "    destination: {{connection: out, container: {}, partition_key: /flag, "
                    "durable: false}}\n{}",
                    root.parent_path().string(), root.filename().string(), container, more),
        (folder_ / "spillway.yaml").string());
    EXPECT_TRUE(project.ok()) << project.status().message();
    return *std::move(project);
  }

  static Result<SyncResult> Sync(const Project& project, const SyncRequest& request = {}) {
    return SyncPipeline(project, **project.FindPipeline("p"), request, {}, {});
  }

  DeltaTestTable table_;
  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / "spillway_pipeline_test";
};

TEST_F(Pipeline, HasNoUseForAPartitionKeyWhereThereAreNoRanges) {
  const auto project = Load();
  const auto advice =
      AdvisePartitionKey(*project, **project->FindPipeline("p"), {}, [](uint64_t) {}, {});
  ASSERT_FALSE(advice.ok());
  EXPECT_EQ(advice.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(advice.status().message(), HasSubstr("pipelines.p"));
  EXPECT_THAT(advice.status().message(), HasSubstr("no physical partitions"));
}

TEST_F(Pipeline, LoadsAndProvesIt) {
  const auto project = Load();
  const auto result = Sync(*project);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->load->outcome, LoadOutcome::kLoaded);
  EXPECT_EQ(result->load->totals.counts.read, kRows);
  EXPECT_EQ(result->load->totals.counts.upserted, kRows);
  EXPECT_TRUE(result->load->totals.counts.AddsUp());

  const auto proof = VerifyPipeline(*project, **project->FindPipeline("p"), {}, {}, {});
  ASSERT_TRUE(proof.ok()) << proof.status().message();
  EXPECT_TRUE(proof->matches());
  EXPECT_EQ(proof->equal, kRows);
}

TEST_F(Pipeline, GoesOnWithWhatHasChangedSinceTheLoad) {
  const auto project = Load();
  ASSERT_TRUE(Sync(*project).ok());
  const auto nothing = Sync(*project);
  ASSERT_TRUE(nothing.ok()) << nothing.status().message();
  EXPECT_FALSE(nothing->load.has_value());
  EXPECT_EQ(nothing->changes->totals.counts, IntentCounts{});
  table_.Commit({R"({"commitInfo":{"timestamp":1}})"});
  const auto again = Sync(*project);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->changes->from_version, 0);
  EXPECT_EQ(again->changes->totals.version, 1);
  const auto full = Sync(*project, {.full = true});
  ASSERT_TRUE(full.ok()) << full.status().message();
  EXPECT_EQ(full->load->totals.version, 1);
  EXPECT_FALSE(full->changes.has_value()) << "there is nothing after it";
}

TEST_F(Pipeline, TakesADestinationAsLoadedAndGoesOnFromThere) {
  const auto project = Load();
  const auto nowhere = Sync(*project, {.from = {.version = 0, .timestamp_ms = {}}});
  EXPECT_EQ(nowhere.status().code(), StatusCode::kNotFound) << "there is no destination";
  ASSERT_TRUE(Sync(*project).ok());
  std::filesystem::remove_all(folder_ / ".spillway");
  const auto adopted = Sync(*project, {.from = {.version = 0, .timestamp_ms = {}}});
  ASSERT_TRUE(adopted.ok()) << adopted.status().message();
  EXPECT_FALSE(adopted->load.has_value());
  EXPECT_EQ(adopted->changes->totals.version, 0);
}

TEST_F(Pipeline, RefusesToGoOnIntoAnotherContainer) {
  ASSERT_TRUE(Sync(*Load("rows")).ok());
  const auto other = Sync(*Load("others"));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.status().code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(other.status().hint()), HasSubstr("sync p --resync"));
}

TEST_F(Pipeline, RefusesAModeThatTheDestinationDoesNotKnow) {
  const auto project = Load("rows", "    sync: {mode: patch}\n");
  const auto opened = OpenPipeline(*project, **project->FindPipeline("p"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("pipelines.p.sync.mode"));
}

TEST_F(Pipeline, IsPlannedFromRealRowsWithoutWriting) {
  const auto project = Load();
  const PipelineConfig& pipeline = **project->FindPipeline("p");
  const auto plan = PlanPipeline(*project, pipeline, {}, {});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->rows, kRows);
  EXPECT_EQ(plan->sample.rows, kRows);
  EXPECT_EQ(plan->documents, kRows);
  EXPECT_GT(plan->bytes, 0);
  EXPECT_EQ(plan->sample.bytes_error, 0) << "the whole table was read";
  EXPECT_FALSE(plan->steps.empty());
  EXPECT_TRUE(plan->pending);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / ".spillway"));

  const auto result = Sync(*project);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(plan->bytes, static_cast<double>(result->load->bytes_sent), kRows)
      << "up to a separator per document";
  const auto done = PlanPipeline(*project, pipeline, {}, {});
  ASSERT_TRUE(done.ok());
  EXPECT_FALSE(done->pending);
}

TEST_F(Pipeline, ChecksBothEndsAndTheMappingBetweenThem) {
  const auto right = Load();
  EXPECT_TRUE(CheckPipeline(*right, **right->FindPipeline("p"), {}).ok());
  const auto wrong = Load("rows", "    documents: {columns: {nmae: {nulls: omit}}}\n");
  const Status status = CheckPipeline(*wrong, **wrong->FindPipeline("p"), {});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nmae"));
}

TEST_F(Pipeline, IsInspectedByPathByNameAndByConnection) {
  const auto project = Load();
  const std::string name = std::filesystem::path(table_.root()).filename().string();
  for (const std::string& target : {table_.root(), std::string("p"), "lake/" + name}) {
    const auto table = InspectTable(project.get(), target, {}, {});
    ASSERT_TRUE(table.ok()) << target << ": " << table.status().message();
    EXPECT_EQ(table->rows, kRows) << target;
  }
  EXPECT_TRUE(InspectTable(nullptr, table_.root(), {}, {}).ok());
  const auto missing = InspectTable(project.get(), "lake/none", {}, {});
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
}

TEST_F(Pipeline, IsListedWithWhereItStands) {
  const auto project = Load();
  const auto before = ProjectState(*project);
  ASSERT_TRUE(before.ok());
  ASSERT_EQ(before->size(), 1u);
  EXPECT_FALSE((*before)[0].checkpoint.has_value());
  EXPECT_FALSE(std::filesystem::exists(folder_ / ".spillway")) << "looking leaves nothing behind";
  ASSERT_TRUE(Sync(*project).ok());
  const auto after = ProjectState(*project);
  ASSERT_TRUE(after.ok());
  ASSERT_TRUE((*after)[0].checkpoint.has_value());
  EXPECT_EQ((*after)[0].checkpoint->phase, LoadPhase::kLoaded);
  EXPECT_EQ((*after)[0].last_run->state, RunState::kSucceeded);
}

TEST_F(Pipeline, AnswersNoQueryWhereTheDestinationHasNone) {
  const auto rows = QueryTarget(*Load(), "out/rows", "SELECT 1");
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(rows.status().hint()), HasSubstr("cosmosdb"));
}

TEST_F(Pipeline, AQueryOfAConnectionAloneAsksForTheContainer) {
  const auto project = Load();
  const Status status = QueryTarget(*project, "out", "SELECT 1").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.hint()), HasSubstr("out/CONTAINER"));
  EXPECT_THAT(QueryTarget(*project, "nowhere", "SELECT 1").status().ToString(),
              HasSubstr("no pipeline `nowhere`"));
}

}  // namespace
}  // namespace spillway
