#include "changes/index_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "changes/index_builder.h"
#include "json/document_key.h"

namespace spillway {
namespace {

struct Stored {
  Hash128 content;
  std::string partition_key;
  std::string id;
  bool removed = false;
  bool operator==(const Stored&) const = default;
};
using Entries = std::map<Hash128, Stored>;

Entries SomeEntries(int count) {
  Entries entries;
  for (int i = 0; i < count; ++i) {
    Stored stored{.content = Murmur3x64_128(fmt::format("body {}", i)),
                  .partition_key = i % 3 == 0 ? fmt::format("[\"product-{:07}\"]", i)
                                              : fmt::format("[\"c{}\",{}]", i % 17, i),
                  .id = fmt::format("product-{:07}", i),
                  .removed = i % 5 == 0};
    if (i % 7 == 0) stored.content = {};
    entries[DocumentIdentity(stored.partition_key, stored.id)] = stored;
  }
  return entries;
}

class IndexFileTest : public testing::Test {
 protected:
  IndexFileTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    path_ = (folder_ / "file").string();
  }
  ~IndexFileTest() override { std::filesystem::remove_all(folder_); }

  void Write(const Entries& entries) {
    std::shared_ptr<SpillFile> file = *SpillFile::Open(path_);
    ASSERT_TRUE(file->Truncate(0).ok());
    IndexFileWriter writer(file);
    for (const auto& [identity, stored] : entries) {
      ASSERT_TRUE(
          writer.Append({identity, stored.content, stored.partition_key, stored.id, stored.removed})
              .ok());
    }
    ASSERT_TRUE(writer.Finish().ok());
    EXPECT_EQ(writer.rows(), entries.size());
  }
  Result<Entries> Read() {
    IndexFileReader reader(*SpillFile::Open(path_));
    Entries entries;
    while (true) {
      ASSIGN_OR_RETURN(const IndexEntry* entry, reader.Next());
      if (entry == nullptr) return entries;
      entries[entry->identity] = {entry->content, std::string(entry->partition_key),
                                  std::string(entry->id), entry->removed};
    }
  }
  void Change(uint64_t at, char by) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char was = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(was ^ by));
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(IndexFileTest, GivesBackWhatWasWrittenOverManyBlocks) {
  const Entries entries = SomeEntries(50'000);
  Write(entries);
  const auto read = Read();
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(*read, entries);
}

TEST_F(IndexFileTest, NothingIsAFileToo) {
  Write({});
  EXPECT_TRUE(Read()->empty());
}

TEST_F(IndexFileTest, ARowCostsItsHashAndWhatItsKeyDoesNotShare) {
  Entries entries;
  for (int i = 0; i < 20'000; ++i) {
    Stored stored{.content = Murmur3x64_128(fmt::format("{}", i)),
                  .partition_key = fmt::format("[\"product-{:07}\"]", i),
                  .id = fmt::format("product-{:07}", i)};
    entries[DocumentIdentity(stored.partition_key, stored.id)] = stored;
  }
  Write(entries);
  const double bytes = static_cast<double>(std::filesystem::file_size(path_)) / 20'000;
  EXPECT_LT(bytes, 16 + 3 + 7 + 0.2) << "a hash, flags and lengths, the digits";
}

TEST_F(IndexFileTest, EveryCutIsNoticed) {
  Write(SomeEntries(300));
  const uint64_t size = std::filesystem::file_size(path_);
  for (uint64_t left = 0; left < size; left += 7) {
    std::filesystem::resize_file(path_, left);
    EXPECT_EQ(Read().status().code(), StatusCode::kDataLoss) << left;
    Write(SomeEntries(300));
  }
}

TEST_F(IndexFileTest, EveryChangedByteIsNoticed) {
  Write(SomeEntries(300));
  const uint64_t size = std::filesystem::file_size(path_);
  for (uint64_t at = 0; at < size; at += 11) {
    Change(at, 0x20);
    EXPECT_EQ(Read().status().code(), StatusCode::kDataLoss) << at;
    Change(at, 0x20);
  }
  EXPECT_TRUE(Read().ok());
}

TEST_F(IndexFileTest, ABlockThatIsMissingIsNoticed) {
  Write(SomeEntries(20'000));
  std::ifstream in(path_, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const size_t second = bytes.find("SPLWIDX1", 1);
  const size_t third = bytes.find("SPLWIDX1", second + 1);
  ASSERT_NE(third, std::string::npos);
  bytes.erase(second, third - second);
  std::ofstream(path_, std::ios::binary) << bytes;
  EXPECT_EQ(Read().status().code(), StatusCode::kDataLoss);
}

TEST_F(IndexFileTest, RefusesEntriesOutOfOrder) {
  std::shared_ptr<SpillFile> file = *SpillFile::Open(path_);
  IndexFileWriter writer(file);
  EXPECT_TRUE(
      writer.Append({.identity = {2, 0}, .content = {}, .partition_key = "", .id = "a"}).ok());
  EXPECT_FALSE(
      writer.Append({.identity = {1, 9}, .content = {}, .partition_key = "", .id = "b"}).ok());
}

// Documents in any order, with little memory.
class IndexBuilderTest : public IndexFileTest {
 protected:
  static void Add(IndexBuilder& builder, const Stored& stored) {
    EncodedBatch batch;
    batch.bytes = stored.id;
    Document document;
    document.partition_key = stored.partition_key;
    document.id = stored.id;
    document.body = stored.id;
    document.identity = DocumentIdentity(stored.partition_key, stored.id);
    batch.documents.push_back(document);
    ASSERT_TRUE(builder.Add(batch).ok());
  }
  void WriteFrom(IndexBuilder& builder) {
    std::shared_ptr<SpillFile> file = *SpillFile::Open(path_);
    IndexFileWriter writer(file);
    ASSERT_TRUE(builder.WriteTo(writer).ok());
    ASSERT_TRUE(writer.Finish().ok());
  }
};

TEST_F(IndexBuilderTest, SortsMoreThanItHolds) {
  for (const uint64_t memory : {uint64_t{4} << 10, uint64_t{64} << 20}) {
    std::filesystem::remove(path_);
    IndexBuilder builder((folder_ / "spill").string(), memory);
    Entries wanted;
    for (auto& [identity, stored] : SomeEntries(2'000)) {
      wanted[identity] = {Murmur3x64_128(stored.id), stored.partition_key, stored.id, false};
    }
    std::vector<Stored> shuffled;
    for (const auto& [identity, stored] : wanted) shuffled.push_back(stored);
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64(3));
    for (const Stored& stored : shuffled) Add(builder, stored);
    WriteFrom(builder);
    EXPECT_EQ(*Read(), wanted);
  }
}

TEST_F(IndexBuilderTest, OfTwoDocumentsWithOneKeyTheContentIsNotKnown) {
  IndexBuilder builder((folder_ / "spill").string(), 1 << 20);
  EncodedBatch batch;
  Document document;
  document.partition_key = "[1]";
  document.id = "a";
  document.identity = DocumentIdentity("[1]", "a");
  for (const std::string_view body : {"one", "two"}) {
    document.body = body;
    batch.documents.push_back(document);
  }
  ASSERT_TRUE(builder.Add(batch).ok());
  WriteFrom(builder);
  const Entries entries = *Read();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries.begin()->second.content, Hash128{});
}

}  // namespace
}  // namespace spillway
