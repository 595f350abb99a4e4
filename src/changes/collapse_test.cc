#include "changes/collapse.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace spillway {
namespace {

using Action = Collapsed::Action;

class CollapseTest : public testing::Test {
 protected:
  void Add(ImageKind kind, int64_t version, uint64_t content = 0) {
    ImageRecord image;
    image.identity = {1, 1};
    image.version = version;
    image.place = ImageRecord::Place(kind, 0, images_.size());
    image.content = {content, content};
    images_.push_back(image);
  }
  void Old(int64_t version, uint64_t content) { Add(ImageKind::kRemove, version, content); }
  void New(int64_t version, uint64_t content) { Add(ImageKind::kUpsert, version, content); }
  void Refused(int64_t version) { Add(ImageKind::kRefused, version); }

  Collapsed Run(WriteMode mode = WriteMode::kMirror) {
    std::sort(images_.begin(), images_.end());
    return Collapse(images_, RulesFor(mode));
  }
  uint64_t ContentWritten(const Collapsed& collapsed) { return collapsed.winner->content.high; }

  std::vector<ImageRecord> images_;
};

TEST_F(CollapseTest, AnInsertIsWritten) {
  New(5, 7);
  const Collapsed result = Run();
  EXPECT_EQ(result.action, Action::kUpsert);
  EXPECT_EQ(result.documents_delta, 1);
  EXPECT_EQ(result.counts, IntentCounts{});
}

TEST_F(CollapseTest, AnUpdateIsOneWriteWhateverTheOrderOfItsImages) {
  New(5, 8);
  Old(5, 7);
  const Collapsed result = Run();
  EXPECT_EQ(result.action, Action::kUpsert);
  EXPECT_EQ(ContentWritten(result), 8u);
  EXPECT_EQ(result.documents_delta, 0);
  EXPECT_EQ(result.counts.read, 1u);
  EXPECT_EQ(result.counts.superseded, 1u);
}

TEST_F(CollapseTest, ADeleteIsADelete) {
  Old(5, 7);
  const Collapsed result = Run();
  EXPECT_EQ(result.action, Action::kRemove);
  EXPECT_EQ(result.documents_delta, -1);
}

TEST_F(CollapseTest, TheHigherVersionWins) {
  New(5, 1);
  Old(7, 1);
  New(9, 2);
  Old(12, 2);
  EXPECT_EQ(Run().action, Action::kNothing) << "it came and went";
  New(13, 3);
  const Collapsed result = Run();
  EXPECT_EQ(result.action, Action::kUpsert);
  EXPECT_EQ(ContentWritten(result), 3u);
  EXPECT_EQ(result.counts.superseded, 4u);
}

TEST_F(CollapseTest, ARowThatWasThereAndIsDeletedAfterAnUpdateIsDeleted) {
  Old(5, 1);
  New(5, 2);
  Old(6, 2);
  const Collapsed result = Run();
  EXPECT_EQ(result.action, Action::kRemove);
  EXPECT_EQ(result.documents_delta, -1);
}

TEST_F(CollapseTest, AnUpdateThatChangesNothingOfTheDocumentIsUnchanged) {
  Old(5, 7);
  New(5, 7);
  const Collapsed result = Run();
  EXPECT_EQ(result.action, Action::kNothing);
  EXPECT_EQ(result.counts.unchanged, 1u);
  EXPECT_EQ(result.counts.superseded, 1u);
  EXPECT_TRUE(result.counts.AddsUp());
  EXPECT_EQ(result.documents_delta, 0);
}

TEST_F(CollapseTest, AChangeThatIsTakenBackInTheWindowIsUnchanged) {
  Old(5, 7);
  New(5, 8);
  Old(9, 8);
  New(9, 7);
  EXPECT_EQ(Run().action, Action::kNothing);
}

TEST_F(CollapseTest, AnOldImageOfUnknownContentIsNeverTakenForUnchanged) {
  Add(ImageKind::kRemove, 5);
  New(5, 7);
  EXPECT_EQ(Run().action, Action::kUpsert);
}

TEST_F(CollapseTest, SeveralDifferentOldImagesAreOfUnknownContent) {
  Old(5, 7);
  Old(5, 8);
  New(5, 7);
  EXPECT_EQ(Run().action, Action::kUpsert);
}

TEST_F(CollapseTest, ARefusedNewImageLeavesTheDocumentAsItWas) {
  Old(5, 7);
  Refused(5);
  const Collapsed result = Run();
  EXPECT_EQ(result.action, Action::kNothing);
  EXPECT_EQ(result.counts.superseded, 1u);
  EXPECT_EQ(result.counts.read, 1u) << "the refused one is counted where it is refused";
}

TEST_F(CollapseTest, ADeleteBeforeARefusedInsertStillDeletes) {
  Old(5, 7);
  Refused(8);
  EXPECT_EQ(Run().action, Action::kRemove);
}

TEST_F(CollapseTest, WhatWasWrittenBeforeARefusedUpdateIsWritten) {
  New(5, 1);
  Old(7, 1);
  Refused(7);
  const Collapsed result = Run();
  EXPECT_EQ(result.action, Action::kUpsert);
  EXPECT_EQ(ContentWritten(result), 1u);
}

TEST_F(CollapseTest, TwoNewImagesOfOneVersionAreADuplicateAndTheLastWins) {
  New(5, 1);
  New(5, 2);
  const Collapsed result = Run();
  ASSERT_NE(result.duplicate, nullptr);
  EXPECT_EQ(ContentWritten(result), 2u);
  EXPECT_EQ(result.counts.superseded, 1u);
}

TEST_F(CollapseTest, UpsertModeNeverDeletesAndCountsTheDeletesAsFiltered) {
  Old(5, 7);
  const Collapsed result = Run(WriteMode::kUpsert);
  EXPECT_EQ(result.action, Action::kNothing);
  EXPECT_EQ(result.counts.filtered, 1u);
}

TEST_F(CollapseTest, UpsertModeWritesTheNewestRowEvenWhenItIsDeletedLater) {
  New(5, 1);
  Old(7, 1);
  const Collapsed result = Run(WriteMode::kUpsert);
  EXPECT_EQ(result.action, Action::kUpsert) << "as with the versions in two windows";
}

TEST_F(CollapseTest, AppendKeepsTheFirst) {
  New(5, 1);
  Old(7, 1);
  New(7, 2);
  const Collapsed result = Run(WriteMode::kAppend);
  EXPECT_EQ(ContentWritten(result), 1u);
  EXPECT_EQ(result.counts.filtered, 1u);
  EXPECT_EQ(result.counts.superseded, 1u);
}

TEST_F(CollapseTest, PatchModesWriteEvenWhatLooksUnchanged) {
  Old(5, 7);
  New(5, 7);
  EXPECT_EQ(Run(WriteMode::kPatch).action, Action::kUpsert);
  EXPECT_EQ(Run(WriteMode::kUpsertIfNotModified).action, Action::kUpsert);
}

// Every image has one fate, whatever the mode and the sequence: written, or counted here.
TEST_F(CollapseTest, EveryImageIsCountedOnceInEveryMode) {
  for (const WriteMode mode :
       {WriteMode::kMirror, WriteMode::kUpsert, WriteMode::kAppend, WriteMode::kUpdate,
        WriteMode::kPatch, WriteMode::kDelete, WriteMode::kSoftDelete}) {
    for (uint32_t shape = 0; shape < 4096; ++shape) {
      images_.clear();
      for (uint32_t i = 0; i < 6; ++i) {
        const uint32_t what = shape >> (2 * i) & 3;
        const int64_t version = 5 + i / 2;
        if (what == 1) Old(version, i / 2);
        if (what == 2) New(version, (i + 1) / 2);
        if (what == 3) Refused(version);
      }
      if (images_.empty()) continue;
      const Collapsed result = Run(mode);
      uint64_t expected = images_.size();
      for (const ImageRecord& image : images_) expected -= image.kind() == ImageKind::kRefused;
      expected -= result.action != Action::kNothing;
      EXPECT_EQ(result.counts.read, expected) << shape;
      EXPECT_TRUE(result.counts.AddsUp()) << shape;
    }
  }
}

}  // namespace
}  // namespace spillway
