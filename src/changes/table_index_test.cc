#include "changes/table_index.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>

#include "json/document_key.h"

namespace spillway {
namespace {

using testing::HasSubstr;

// What a window does to ids: a content, or nothing: removed.
using Changes = std::map<std::string, std::optional<std::string>>;
using Contents = std::map<std::string, std::string>;  // "?": not known

class TableIndexTest : public testing::Test {
 protected:
  TableIndexTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    Reopen();
  }
  ~TableIndexTest() override { std::filesystem::remove_all(folder_); }

  Status TryOpen(const std::string& mapping = "m") {
    auto opened = TableIndex::Open(folder_.string(), "p/1", mapping);
    if (!opened.ok()) return std::move(opened).status();
    index_ = *std::move(opened);
    return Status::Ok();
  }
  void Reopen() {
    index_.reset();
    const Status opened = TryOpen();
    ASSERT_TRUE(opened.ok()) << opened.ToString();
  }
  static Hash128 IdentityOf(const std::string& id) { return DocumentIdentity("[\"k\"]", id); }

  // `changes` as entries in order.
  TableIndex::Entries EntriesOf(const Changes& changes) {
    sorted_.clear();
    for (const auto& change : changes) sorted_.emplace(IdentityOf(change.first), change);
    next_ = sorted_.begin();
    return {.next = [this]() -> Result<const IndexEntry*> {
      if (next_ == sorted_.end()) return static_cast<const IndexEntry*>(nullptr);
      const auto& [id, content] = next_->second;
      entry_ = {.identity = next_->first,
                .content = content.has_value() ? Murmur3x64_128(*content) : Hash128{},
                .partition_key = "[\"k\"]",
                .id = id,
                .removed = !content.has_value()};
      ++next_;
      return &entry_;
    }};
  }
  void WriteBase(const std::string& position, const Changes& documents) {
    const auto entries = EntriesOf(documents);
    const Status written =
        index_->WriteBase(position, {"a"}, [&](IndexFileWriter& writer) -> Status {
          while (true) {
            ASSIGN_OR_RETURN(const IndexEntry* entry, entries.next());
            if (entry == nullptr) return Status::Ok();
            RETURN_IF_ERROR(writer.Append(*entry));
          }
        });
    ASSERT_TRUE(written.ok()) << written.ToString();
  }
  void Begin(const std::string& after, const std::string& through, const Changes& changes) {
    const Status begun = index_->BeginWindow(after, through, {"a", "b"}, EntriesOf(changes));
    ASSERT_TRUE(begun.ok()) << begun.ToString();
  }
  // The contents whose hashes the index has.
  Contents Read(const std::string& position, const std::vector<std::string>& known) {
    Contents contents;
    const auto cursor = index_->Read(position);
    EXPECT_TRUE(cursor.ok()) << cursor.status().ToString();
    while (true) {
      const auto entry = (*cursor)->Next();
      EXPECT_TRUE(entry.ok()) << entry.status().ToString();
      if (!entry.ok() || *entry == nullptr) return contents;
      std::string& content = contents[std::string((*entry)->id)];
      for (const std::string& text : known) {
        if (Murmur3x64_128(text) == (*entry)->content) content = text;
      }
      if ((*entry)->content == Hash128{}) content = "?";
    }
  }
  std::vector<std::filesystem::path> Files() const {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_)) {
      if (file.is_regular_file()) files.push_back(file.path());
    }
    return files;
  }

  std::filesystem::path folder_;
  std::unique_ptr<TableIndex> index_;
  std::map<Hash128, std::pair<std::string, std::optional<std::string>>> sorted_;
  decltype(sorted_)::iterator next_;
  IndexEntry entry_;
};

TEST_F(TableIndexTest, SaysWhatTheBaseAndTheWindowsSinceSay) {
  EXPECT_EQ(index_->StandingAt("0"), IndexStanding::kNone);
  WriteBase("0", {{"a", "1"}, {"b", "1"}, {"c", "1"}});
  Begin("0", "1", {{"a", "2"}, {"b", std::nullopt}, {"d", "2"}});
  Reopen();
  EXPECT_EQ(index_->StandingAt("1"), IndexStanding::kCurrent);
  EXPECT_EQ(Read("1", {"1", "2"}), (Contents{{"a", "2"}, {"c", "1"}, {"d", "2"}}));
  EXPECT_EQ(index_->columns(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(TableIndexTest, OfABegunWindowNothingIsCertain) {
  WriteBase("0", {{"a", "1"}, {"b", "1"}, {"c", "1"}});
  Begin("0", "1", {{"a", "2"}, {"b", std::nullopt}, {"d", "2"}});
  EXPECT_EQ(index_->StandingAt("0"), IndexStanding::kBegun);
  EXPECT_EQ(Read("0", {"1", "2"}), (Contents{{"a", "?"}, {"b", "?"}, {"c", "1"}, {"d", "?"}}));
}

TEST_F(TableIndexTest, AWindowBegunInPlaceOfAnotherForgetsNothingOfIt) {
  WriteBase("0", {{"a", "1"}, {"b", "1"}});
  Begin("0", "1", {{"a", "2"}, {"d", "2"}});
  Begin("0", "2", {{"a", "3"}, {"b", "3"}});
  EXPECT_EQ(Read("0", {"1", "2", "3"}), (Contents{{"a", "?"}, {"b", "?"}, {"d", "?"}}));
  Reopen();
  EXPECT_EQ(index_->StandingAt("1"), IndexStanding::kNone);
  EXPECT_EQ(Read("2", {"1", "2", "3"}), (Contents{{"a", "3"}, {"b", "3"}, {"d", "?"}}));
}

TEST_F(TableIndexTest, AWindowThatWritesNothingMovesIt) {
  WriteBase("0", {{"a", "1"}});
  Begin("0", "1", {});
  Reopen();
  EXPECT_EQ(index_->StandingAt("1"), IndexStanding::kCurrent);
  EXPECT_EQ(Read("0", {"1"}), (Contents{{"a", "1"}}));
  EXPECT_EQ(Read("1", {"1"}), (Contents{{"a", "1"}}));
}

TEST_F(TableIndexTest, ManyWindowsAreMergedAndSayTheSame) {
  std::mt19937_64 random(5);
  Contents truth;
  Changes base;
  for (int i = 0; i < 500; ++i) base[fmt::format("k{}", i)] = "0";
  WriteBase("0", base);
  for (const auto& [id, content] : base) truth[id] = *content;
  std::vector<std::string> known = {"0"};
  for (int window = 1; window <= 200; ++window) {
    Changes changes;
    for (uint64_t i = random() % 6; i > 0; --i) {
      const std::string id = fmt::format("k{}", random() % 700);
      if (random() % 3 == 0) {
        changes[id] = std::nullopt;
        truth.erase(id);
      } else {
        changes[id] = fmt::format("{}", window);
        truth[id] = *changes[id];
      }
    }
    known.push_back(fmt::format("{}", window));
    Begin(fmt::format("{}", window - 1), known.back(), changes);
    ASSERT_TRUE(index_->Compact().ok());
    if (window % 20 == 0) Reopen();
    ASSERT_LE(index_->parts(), 13u);
    ASSERT_EQ(Read(known.back(), known), truth) << window;
  }
  EXPECT_EQ(Files().size(), index_->parts() + 1) << "and nothing is left over";
}

TEST_F(TableIndexTest, WhatARunThatDiedLeftIsCleared) {
  WriteBase("0", {{"a", "1"}});
  const auto folder = Files().front().parent_path();
  std::ofstream(folder / "00000099.part") << "half of a part";
  std::ofstream(folder / "LIST.new") << "half of a list";
  Reopen();
  EXPECT_EQ(Files().size(), 2u);
  EXPECT_EQ(Read("0", {"1"}), (Contents{{"a", "1"}}));
}

TEST_F(TableIndexTest, AnotherMappingHasNoIndex) {
  WriteBase("0", {{"a", "1"}});
  ASSERT_TRUE(TryOpen("another").ok());
  EXPECT_EQ(index_->StandingAt("0"), IndexStanding::kNone);
}

TEST_F(TableIndexTest, DamageIsSaidAndNeverTakenForAnEmptyIndex) {
  for (const std::string name : {"LIST", "part"}) {
    Reopen();
    WriteBase("0", {{"a", "1"}});
    for (const auto& file : Files()) {
      if (!file.string().ends_with(name)) continue;
      std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
    }
    const Status opened = TryOpen();
    EXPECT_EQ(opened.code(), StatusCode::kDataLoss) << name;
    EXPECT_THAT(std::string(opened.hint()), HasSubstr("--resync"));
    for (const auto& file : Files()) std::filesystem::remove(file);
  }
}

TEST_F(TableIndexTest, APartThatIsGoneIsSaid) {
  WriteBase("0", {{"a", "1"}});
  for (const auto& file : Files()) {
    if (file.extension() == ".part") std::filesystem::remove(file);
  }
  EXPECT_EQ(TryOpen().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spillway
