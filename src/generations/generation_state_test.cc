#include "generations/generation_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "generations/state_view.h"
#include "state/document_store.h"
#include "state/testing/memory_document_table.h"

namespace spillway {
namespace {

class GenerationStateTest : public testing::Test {
 protected:
  std::unique_ptr<StateStore> Open() {
    auto table = std::make_unique<MemoryDocumentTable>(content_, clock_);
    EXPECT_TRUE(table->Prepare({}).ok());
    return MakeDocumentStore(std::move(table), "memory", clock_);
  }
  static Checkpoint Of(std::string generation, int64_t version) {
    Checkpoint checkpoint;
    checkpoint.generation = std::move(generation);
    checkpoint.version = version;
    checkpoint.phase = LoadPhase::kLoaded;
    return checkpoint;
  }
  // As a build leaves it.
  static void Built(StateStore& store, const std::string& container, int64_t version) {
    const auto view = MakeStateView(store, "p", GenerationStateName("p", container));
    ASSERT_TRUE(view->StartLoad("p", Of(container, version)).ok());
    RejectedRecord rejected;
    rejected.run_id = 1;
    rejected.split = "s";
    rejected.key = container;
    rejected.reason = "x";
    ASSERT_TRUE(view->Commit("p", Of(container, version), {{0, 5, true}}, {rejected}).ok());
  }
  static int64_t VersionOf(StateStore& store, const std::string& name) {
    const auto found = store.LoadCheckpoint(name);
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return found.ok() && found->has_value() ? (*found)->version : -1;
  }

  ManualClock clock_;
  std::shared_ptr<MemoryDocumentTable::Content> content_ =
      std::make_shared<MemoryDocumentTable::Content>();
};

TEST_F(GenerationStateTest, WhatIsBuiltLeavesTheLiveStateAlone) {
  const auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", Of("items-v1", 3)).ok());
  Built(*store, "items-v2", 9);
  EXPECT_EQ(VersionOf(*store, "p"), 3);
  EXPECT_EQ(VersionOf(*store, "p@items-v2"), 9);
  const auto view = MakeStateView(*store, "p", "p@items-v2");
  EXPECT_EQ(VersionOf(*view, "p"), 9);
  EXPECT_EQ((*view->LoadProgress("p")).size(), 1u);
  RunRecord load;
  load.pipeline = "p";
  load.kind = "load";
  const auto run = *view->StartRun(load);
  EXPECT_EQ((*store->Runs("p", 1)).front().id, run) << "runs are the pipeline's own";
}

TEST_F(GenerationStateTest, WhoBuildsHoldsThePipeline) {
  const auto store = Open();
  const auto view = MakeStateView(*store, "p", "p@items-v2");
  auto lease = *view->AcquireLease("p", std::chrono::seconds(30));
  const auto other = Open();
  EXPECT_EQ(other->AcquireLease("p", std::chrono::seconds(30)).status().code(),
            StatusCode::kLocked);
  EXPECT_EQ(other->AcquireLease("p@items-v2", std::chrono::seconds(30)).status().code(),
            StatusCode::kLocked);
  EXPECT_TRUE(lease->Renew().ok());
  lease.reset();
  EXPECT_TRUE(other->AcquireLease("p", std::chrono::seconds(30)).ok());
}

TEST_F(GenerationStateTest, ABuilderThatLostItsLeaseWritesNothingMore) {
  const auto store = Open();
  const auto view = MakeStateView(*store, "p", "p@items-v2");
  const auto lease = *view->AcquireLease("p", std::chrono::seconds(30));
  ASSERT_TRUE(view->StartLoad("p", Of("items-v2", 1)).ok());
  clock_.Advance(std::chrono::seconds(60));
  const auto other = Open();
  const auto other_view = MakeStateView(*other, "p", "p@items-v2");
  const auto taken = other_view->AcquireLease("p", std::chrono::seconds(30));
  ASSERT_TRUE(taken.ok()) << taken.status().ToString();
  EXPECT_EQ(lease->Renew().code(), StatusCode::kLocked);
  EXPECT_EQ(view->Commit("p", Of("items-v2", 2), {}, {}).code(), StatusCode::kLocked);
}

TEST_F(GenerationStateTest, ASwitchMakesTheBuiltStateTheLiveOneAndKeepsTheOther) {
  const auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", Of("items-v1", 3)).ok());
  Built(*store, "items-v2", 9);
  EXPECT_EQ(*AlignState(*store, "p", "items-v2"), Alignment::kMoved);
  EXPECT_EQ(VersionOf(*store, "p"), 9);
  EXPECT_EQ((*store->Rejected("p", std::nullopt, 10)).front().key, "items-v2");
  EXPECT_EQ(VersionOf(*store, "p@items-v1"), 3);
  EXPECT_EQ(VersionOf(*store, "p@items-v2"), -1) << "moved, not copied";
  EXPECT_EQ(*AlignState(*store, "p", "items-v2"), Alignment::kAligned);
  EXPECT_EQ(*AlignState(*store, "p", "items-v1"), Alignment::kMoved) << "and back";
  EXPECT_EQ(VersionOf(*store, "p"), 3);
  EXPECT_EQ(VersionOf(*store, "p@items-v2"), 9);
}

TEST_F(GenerationStateTest, AStateThatDoesNotKnowTheContainerIsLeftAsItIs) {
  const auto store = Open();
  EXPECT_EQ(*AlignState(*store, "p", "items-v2"), Alignment::kUnknown);
  ASSERT_TRUE(store->StartLoad("p", Of("items-v1", 3)).ok());
  EXPECT_EQ(*AlignState(*store, "p", "items-v2"), Alignment::kUnknown);
  EXPECT_EQ(VersionOf(*store, "p"), 3);
  EXPECT_FALSE(*StateIsAbout(*store, "p", "items-v2"));
  EXPECT_FALSE(*StateIsAbout(*store, "p", ""));
  EXPECT_TRUE(*StateIsAbout(*store, "p", "items-v1"));
}

class GenerationStateCutOff : public GenerationStateTest,
                              public testing::WithParamInterface<std::optional<std::string>> {};

TEST_P(GenerationStateCutOff, AnywhereTheNextCallEndsIt) {
  const std::optional<std::string> of_built = GetParam();
  // Every write of the move fails in turn, and so do all after it: the process has died.
  for (int writes_done = 0;; ++writes_done) {
    content_ = std::make_shared<MemoryDocumentTable::Content>();
    const auto store = Open();
    ASSERT_TRUE(store->StartLoad("p", Of("items-v1", 3)).ok());
    ASSERT_TRUE(store->SetTuning("p", "of items-v1").ok());
    Built(*store, "items-v2", 9);
    ASSERT_TRUE(store->SetTuning("p@items-v2", of_built).ok());
    auto table = std::make_unique<MemoryDocumentTable>(content_, clock_);
    int left = writes_done;
    table->on_write = [&](auto, auto) {
      return left-- > 0 ? MemoryDocumentTable::Fault::kNone
                        : MemoryDocumentTable::Fault::kUnavailable;
    };
    const auto dying = MakeDocumentStore(std::move(table), "memory", clock_);
    const bool done = AlignState(*dying, "p", "items-v2").ok();
    const auto next = Open();
    const auto aligned = AlignState(*next, "p", "items-v2");
    ASSERT_TRUE(aligned.ok()) << aligned.status().ToString();
    EXPECT_NE(*aligned, Alignment::kUnknown) << "after " << writes_done << " writes";
    EXPECT_EQ(VersionOf(*next, "p"), 9);
    EXPECT_EQ(VersionOf(*next, "p@items-v1"), 3);
    EXPECT_EQ(*next->TuningOf("p"), of_built) << "after " << writes_done << " writes";
    EXPECT_EQ(*next->TuningOf("p@items-v1"), "of items-v1") << "after " << writes_done << " writes";
    EXPECT_EQ(*next->TuningOf("p@items-v2"), std::nullopt);
    if (done) {
      EXPECT_GE(writes_done, 3);
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(TheBuiltContainer, GenerationStateCutOff,
                         testing::Values(std::nullopt, std::optional<std::string>("of items-v2")));

TEST_F(GenerationStateTest, ABuildHasATuningOfItsOwnAndASwitchCarriesIt) {
  const auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", Of("items-v1", 3)).ok());
  ASSERT_TRUE(store->SetTuning("p", "of items-v1").ok());
  Built(*store, "items-v2", 9);
  const auto view = MakeStateView(*store, "p", GenerationStateName("p", "items-v2"));
  EXPECT_EQ(*view->TuningOf("p"), std::nullopt);
  ASSERT_TRUE(view->SetTuning("p", "of items-v2").ok());
  EXPECT_EQ(*store->TuningOf("p"), "of items-v1");
  EXPECT_EQ(*AlignState(*store, "p", "items-v2"), Alignment::kMoved);
  EXPECT_EQ(*store->TuningOf("p"), "of items-v2");
  EXPECT_EQ(*store->TuningOf("p@items-v1"), "of items-v1");
  EXPECT_EQ(*AlignState(*store, "p", "items-v1"), Alignment::kMoved) << "and back";
  EXPECT_EQ(*store->TuningOf("p"), "of items-v1");
  EXPECT_EQ(*store->TuningOf("p@items-v2"), "of items-v2");
}

}  // namespace
}  // namespace spillway
