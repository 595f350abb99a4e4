#include "throughput/share_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace spillway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ShareFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/spillway-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<ShareBoard> Board(std::string_view target = "https://host/shop/items") {
    auto board = MakeShareFolder(folder_ + "/state/shares", target, clock_);
    EXPECT_TRUE(board->Prepare({}).ok());
    return board;
  }
  static ShareNotice Notice(const std::string& member, uint64_t renewal = 1) {
    ShareNotice notice;
    notice.member = member;
    notice.renewal = renewal;
    return notice;
  }
  static std::vector<ShareNotice> Notices(ShareBoard& board) {
    Result<std::vector<ShareNotice>> notices = board.ReadNotices({});
    EXPECT_TRUE(notices.ok()) << notices.status().ToString();
    return notices.ok() ? *std::move(notices) : std::vector<ShareNotice>();
  }

  ManualClock clock_;
  std::string folder_;
};

TEST_F(ShareFolderTest, ALedgerIsReplacedByWhoeverKnowsThePresentOne) {
  const auto board = Board(), other = Board();
  ShareLedger ledger = *board->ReadLedger({});
  EXPECT_TRUE(ledger.etag.empty());
  ledger.parts = {{"a", 0.1 + 0.2, 3}, {"b", 0.25, 1}};
  const Result<std::string> etag = board->ReplaceLedger(ledger, {});
  ASSERT_TRUE(etag.ok()) << etag.status().ToString();
  EXPECT_EQ(other->ReplaceLedger(ledger, {}).status().code(), StatusCode::kConflict);
  const ShareLedger seen = *other->ReadLedger({});
  EXPECT_EQ(seen.etag, *etag);
  ASSERT_EQ(seen.parts.size(), 2U);
  EXPECT_EQ(seen.parts[0].part, 0.1 + 0.2);
  EXPECT_EQ(seen.parts[0].epoch, 3U);
  EXPECT_TRUE(other->ReplaceLedger(seen, {}).ok());
}

TEST_F(ShareFolderTest, EveryMemberSeesTheNoticesOfAll) {
  const auto board = Board(), other = Board();
  ShareNotice notice = Notice("a", 7);
  notice.wanted = 0.125;
  notice.load = 0.3;
  ASSERT_TRUE(board->WriteNotice(notice, {}).ok());
  ASSERT_TRUE(other->WriteNotice(Notice("b"), {}).ok());
  const std::vector<ShareNotice> seen = Notices(*other);
  ASSERT_EQ(seen.size(), 2U);
  const ShareNotice& first = seen[seen[0].member == "a" ? 0 : 1];
  EXPECT_EQ(first.renewal, 7U);
  EXPECT_EQ(first.wanted, 0.125);
  EXPECT_EQ(first.load, 0.3);
  EXPECT_FALSE(seen[0].gone || seen[1].gone);
}

TEST_F(ShareFolderTest, AMemberWhoseProcessHasEndedIsGone) {
  auto dead = Board();
  ASSERT_TRUE(dead->WriteNotice(Notice("a"), {}).ok());
  const auto board = Board();
  ASSERT_FALSE(Notices(*board).at(0).gone);
  dead.reset();  // closes its file, as the end of a process does
  EXPECT_TRUE(Notices(*board).at(0).gone);
}

TEST_F(ShareFolderTest, WhatADeadMemberLeftIsRemovedOnceEveryoneHasSeenIt) {
  auto dead = Board();
  ASSERT_TRUE(dead->WriteNotice(Notice("a"), {}).ok());
  dead.reset();
  const auto board = Board();
  EXPECT_EQ(Notices(*board).size(), 1U);
  clock_.Advance(board->timing().expire);
  EXPECT_EQ(Notices(*board).size(), 1U);
  EXPECT_TRUE(Notices(*board).empty());
}

TEST_F(ShareFolderTest, WhoLeavesTakesItsNoticeAlong) {
  const auto board = Board(), other = Board();
  ASSERT_TRUE(board->WriteNotice(Notice("a"), {}).ok());
  ASSERT_TRUE(board->RemoveNotice("a", {}).ok());
  EXPECT_TRUE(Notices(*other).empty());
}

TEST_F(ShareFolderTest, TargetsHaveNothingToDoWithEachOther) {
  const auto items = Board("https://host/shop/items"), others = Board("https://host/shop/others");
  ASSERT_TRUE(items->WriteNotice(Notice("a"), {}).ok());
  EXPECT_TRUE(Notices(*others).empty());
}

TEST_F(ShareFolderTest, TheFilesAreTheirOwnersAlone) {
  const auto board = Board();
  ASSERT_TRUE(board->WriteNotice(Notice("a"), {}).ok());
  ASSERT_TRUE(board->ReplaceLedger({}, {}).ok());
  for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/state/shares")) {
    struct stat about {};
    ASSERT_EQ(stat(entry.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
}

TEST_F(ShareFolderTest, ADamagedLedgerIsExplained) {
  const auto board = Board();
  ASSERT_TRUE(board->ReplaceLedger({}, {}).ok());
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (entry.path().filename() == "ledger") std::ofstream(entry.path()) << "5 a b c";
  }
  const Status damaged = board->ReadLedger({}).status();
  EXPECT_EQ(damaged.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(damaged.hint()), HasSubstr("made anew"));
}

TEST_F(ShareFolderTest, AFolderThatCannotBeMadeIsExplained) {
  std::ofstream(folder_ + "/file") << "in the way";
  const auto board = MakeShareFolder(folder_ + "/file/shares", "target", clock_);
  const Status refused = board->Prepare({});
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.hint()), HasSubstr("state.path"));
}

}  // namespace
}  // namespace spillway
