#include "parquet/parquet_writer.h"

#include <gtest/gtest.h>

#include <cstring>

#include "parquet/compact_writer.h"

namespace spillway {
namespace {

using Texts = std::vector<std::string>;

const std::vector<ParquetColumn> kColumns = {
    {"name", ParquetKind::kText, ParquetCount::kOne},
    {"n", ParquetKind::kInt64, ParquetCount::kOne},
    {"at", ParquetKind::kTimestampMicros, ParquetCount::kOneOrNull},
    {"by", ParquetKind::kText, ParquetCount::kOneOrNull},
    {"fields", ParquetKind::kText, ParquetCount::kList},
};

class ParquetWriterTest : public testing::Test {
 protected:
  void AddRow(std::string_view name, int64_t number, const Texts& fields) {
    writer_.AddText(name);
    writer_.AddInt(number);
    number % 2 == 0 ? writer_.AddNull() : writer_.AddInt(number * 1'000'000);
    number % 2 == 0 ? writer_.AddText("b") : writer_.AddNull();
    writer_.AddTexts(fields);
    ASSERT_TRUE(writer_.EndRow().ok());
  }
  uint32_t FooterBytes() const {
    uint32_t bytes = 0;
    std::memcpy(&bytes, file_.data() + file_.size() - 8, sizeof(bytes));
    return bytes;
  }

  std::string file_;
  Status appending_ = Status::Ok();
  ParquetWriter writer_{kColumns, [this](std::string_view bytes) {
                          file_ += bytes;
                          return appending_;
                        }};
};

// The pages, byte for byte as Encodings.md has them; that other readers take the file is the matter
// of the end-to-end tests.
TEST_F(ParquetWriterTest, PagesHoldLevelsAndPlainValues) {
  AddRow("x", 1, {});
  AddRow("yz", 2, {"a", "b"});
  ASSERT_TRUE(writer_.Close().ok());
  const auto has = [&](std::string_view bytes) { return file_.find(bytes) != std::string::npos; };
  using namespace std::string_view_literals;
  EXPECT_TRUE(has("\1\0\0\0x\2\0\0\0yz"sv));
  EXPECT_TRUE(has("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"sv));
  EXPECT_TRUE(has("\4\0\0\0\2\1\2\0\x40\x42\x0f\0\0\0\0\0"sv)) << "there, then NULL; 1,000,000";
  EXPECT_TRUE(has("\4\0\0\0\2\0\2\1\1\0\0\0b"sv)) << "NULL, then there";
  // An empty list, and one of two: the second of which goes on with the row.
  EXPECT_TRUE(has("\4\0\0\0\4\0\2\1\4\0\0\0\2\0\4\1\1\0\0\0a\1\0\0\0b"sv));
  EXPECT_TRUE(file_.starts_with("PAR1") && file_.ends_with("PAR1"));
  EXPECT_LT(FooterBytes(), file_.size() - 12);
}

TEST_F(ParquetWriterTest, AFileWithoutRowsHasItsColumns) {
  ASSERT_TRUE(writer_.Close().ok());
  EXPECT_EQ(file_.size(), 4 + FooterBytes() + 8);
  EXPECT_NE(file_.find("fields"), std::string::npos);
}

TEST_F(ParquetWriterTest, HoldsARowGroupAndNoMore) {
  const std::string text(1'000, 'x');
  size_t held_max = 0;
  size_t added = 0;
  for (int i = 0; i < 20'000; ++i) {
    AddRow(text, i, {});
    added += text.size();
    held_max = std::max(held_max, added - std::min(added, file_.size()));
  }
  EXPECT_LT(held_max, size_t{5} << 20);
  ASSERT_TRUE(writer_.Close().ok());
  EXPECT_LT(FooterBytes(), 2'000u);
}

TEST_F(ParquetWriterTest, SaysThatTheFileCannotBeWritten) {
  appending_ = Unavailable("the disk is full");
  EXPECT_EQ(writer_.Close().message(), "the disk is full");
}

TEST(CompactWriter, WritesNumbersAndLongLists) {
  CompactWriter thrift;
  thrift.BeginElement().Int32(1, -1).Int64(3, 300).BeginList(5, CompactType::kInt32, 20);
  for (int i = 0; i < 20; ++i) thrift.Int(i);
  const std::string text = thrift.BeginStruct(6).Text(1, "a").EndStruct().EndStruct().Take();
  EXPECT_EQ(text.substr(0, 7), std::string("\x15\x01\x26\xd8\x04\x29\xf5", 7));
  EXPECT_EQ(text[7], 20);
  EXPECT_EQ(text.substr(text.size() - 6), std::string("\x1c\x18\x01"
                                                      "a\0\0",
                                                      6));
}

}  // namespace
}  // namespace spillway
