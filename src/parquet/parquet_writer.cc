#include "parquet/parquet_writer.h"

#include <utility>

#include "base/check.h"
#include "base/result.h"
#include "parquet/compact_writer.h"

namespace spillway {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr uint64_t kGroupBytesMax = 4 << 20;

// Values of parquet.thrift's enumerations.
constexpr int kTypeInt64 = 2, kTypeByteArray = 6;
constexpr int kConvertedUtf8 = 0, kConvertedList = 3, kConvertedTimestampMicros = 10;
constexpr int kRequired = 0, kOptional = 1, kRepeated = 2;
constexpr int kPlain = 0, kRle = 3;
constexpr int kUncompressed = 0;
constexpr int kDataPage = 0;

// What LogicalTypes.md calls the levels of a list.
constexpr std::string_view kListLevel = "list";
constexpr std::string_view kElementLevel = "element";

template <typename Integer>
void AppendLittleEndian(Integer value, std::string* out) {
  for (size_t i = 0; i < sizeof(value); ++i) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
  }
}

int TypeOf(ParquetKind kind) {
  return kind == ParquetKind::kText ? kTypeByteArray : kTypeInt64;
}

// A leaf of the schema.
void WriteValueElement(const ParquetColumn& column, std::string_view name, int repetition,
                       CompactWriter* thrift) {
  thrift->BeginElement().Int32(1, TypeOf(column.kind)).Int32(3, repetition).Text(4, name);
  if (column.kind == ParquetKind::kText) thrift->Int32(6, kConvertedUtf8);
  if (column.kind == ParquetKind::kTimestampMicros) thrift->Int32(6, kConvertedTimestampMicros);
  thrift->EndStruct();
}

void WriteSchemaOf(const ParquetColumn& column, CompactWriter* thrift) {
  if (column.count != ParquetCount::kList) {
    const bool required = column.count == ParquetCount::kOne;
    return WriteValueElement(column, column.name, required ? kRequired : kOptional, thrift);
  }
  thrift->BeginElement().Int32(3, kRequired).Text(4, column.name).Int32(5, 1);
  thrift->Int32(6, kConvertedList).EndStruct();
  thrift->BeginElement().Int32(3, kRepeated).Text(4, kListLevel).Int32(5, 1).EndStruct();
  WriteValueElement(column, kElementLevel, kRequired, thrift);
}

void WriteSchema(const std::vector<ParquetColumn>& columns, CompactWriter* thrift) {
  constexpr size_t kElementsOfList = 3;
  size_t elements = 1;
  for (const ParquetColumn& column : columns) {
    elements += column.count == ParquetCount::kList ? kElementsOfList : 1;
  }
  thrift->BeginList(2, CompactType::kStruct, elements);
  thrift->BeginElement().Text(4, "schema").Int32(5, static_cast<int64_t>(columns.size()));
  thrift->EndStruct();
  for (const ParquetColumn& column : columns) WriteSchemaOf(column, thrift);
}

void WritePath(const ParquetColumn& column, CompactWriter* thrift) {
  const bool list = column.count == ParquetCount::kList;
  thrift->BeginList(3, CompactType::kBinary, list ? 3 : 1).TextElement(column.name);
  if (list) thrift->TextElement(kListLevel).TextElement(kElementLevel);
}

std::string PageHeader(uint64_t slots, size_t bytes) {
  CompactWriter thrift;
  const auto size = static_cast<int64_t>(bytes);
  thrift.BeginElement().Int32(1, kDataPage).Int32(2, size).Int32(3, size);
  thrift.BeginStruct(5).Int32(1, static_cast<int64_t>(slots)).Int32(2, kPlain);
  thrift.Int32(3, kRle).Int32(4, kRle).EndStruct();
  return thrift.EndStruct().Take();
}

}  // namespace

void ParquetWriter::Levels::Add(bool level) {
  if (level != level_) EndRun();
  level_ = level;
  ++run_;
}

void ParquetWriter::Levels::EndRun() {
  if (run_ == 0) return;
  AppendVarint(run_ << 1, &runs_);
  runs_.push_back(level_ ? '\1' : '\0');
  run_ = 0;
}

std::string ParquetWriter::Levels::Take() {
  EndRun();
  std::string levels;
  AppendLittleEndian(static_cast<uint32_t>(runs_.size()), &levels);
  levels += runs_;
  runs_.clear();
  return levels;
}

ParquetWriter::ParquetWriter(std::vector<ParquetColumn> columns, Append append)
    : columns_(std::move(columns)), append_(std::move(append)), pages_(columns_.size()) {}

// A nullable column takes a value as one that has to be there does.
ParquetWriter::Page& ParquetWriter::NextColumn(ParquetKind kind, ParquetCount count) {
  SPILLWAY_CHECK(column_ < columns_.size());
  const ParquetColumn& column = columns_[column_];
  SPILLWAY_CHECK((column.kind == ParquetKind::kText) == (kind == ParquetKind::kText));
  SPILLWAY_CHECK((column.count == ParquetCount::kList) == (count == ParquetCount::kList));
  Page& page = pages_[column_++];
  if (count != ParquetCount::kList) {
    ++page.slots;
    if (column.count == ParquetCount::kOneOrNull) page.definitions.Add(true);
  }
  return page;
}

void ParquetWriter::PutText(std::string_view value, Page* page) {
  AppendLittleEndian(static_cast<uint32_t>(value.size()), &page->values);
  page->values += value;
  bytes_ += sizeof(uint32_t) + value.size();
}

void ParquetWriter::AddText(std::string_view value) {
  PutText(value, &NextColumn(ParquetKind::kText, ParquetCount::kOne));
}

void ParquetWriter::AddInt(int64_t value) {
  AppendLittleEndian(value, &NextColumn(ParquetKind::kInt64, ParquetCount::kOne).values);
  bytes_ += sizeof(value);
}

void ParquetWriter::AddNull() {
  SPILLWAY_CHECK(column_ < columns_.size() && columns_[column_].count == ParquetCount::kOneOrNull);
  Page& page = pages_[column_++];
  ++page.slots;
  ++bytes_;
  page.definitions.Add(false);
}

void ParquetWriter::AddTexts(std::span<const std::string> values) {
  Page& page = NextColumn(ParquetKind::kText, ParquetCount::kList);
  // An empty list has a place of its own.
  page.slots += values.empty() ? 1 : values.size();
  ++bytes_;
  if (values.empty()) {
    page.repetitions.Add(false);
    page.definitions.Add(false);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    page.repetitions.Add(i > 0);
    page.definitions.Add(true);
    PutText(values[i], &page);
  }
}

Status ParquetWriter::EndRow() {
  SPILLWAY_CHECK(column_ == columns_.size());
  column_ = 0;
  ++rows_;
  return bytes_ < kGroupBytesMax ? Status::Ok() : WriteGroup();
}

Status ParquetWriter::Write(std::string_view bytes) {
  written_ += bytes.size();
  return append_(bytes);
}

Status ParquetWriter::WriteChunk(size_t column, Group* group) {
  const ParquetCount count = columns_[column].count;
  Page& page = pages_[column];
  std::string levels;
  if (count == ParquetCount::kList) levels += page.repetitions.Take();
  if (count != ParquetCount::kOne) levels += page.definitions.Take();
  const size_t bytes = levels.size() + page.values.size();
  const std::string header = PageHeader(page.slots, bytes);
  group->chunks.push_back({written_, header.size() + bytes, page.slots});
  RETURN_IF_ERROR(Write(header));
  RETURN_IF_ERROR(Write(levels));
  RETURN_IF_ERROR(Write(page.values));
  page.values.clear();
  page.slots = 0;
  return Status::Ok();
}

Status ParquetWriter::WriteGroup() {
  if (written_ == 0) RETURN_IF_ERROR(Write(kMagic));
  if (rows_ == 0) return Status::Ok();
  Group group{rows_, {}};
  for (size_t column = 0; column < columns_.size(); ++column) {
    RETURN_IF_ERROR(WriteChunk(column, &group));
  }
  groups_.push_back(std::move(group));
  rows_ = bytes_ = 0;
  return Status::Ok();
}

std::string ParquetWriter::Footer() const {
  CompactWriter thrift;
  thrift.BeginElement().Int32(1, 1);
  WriteSchema(columns_, &thrift);
  uint64_t rows = 0;
  for (const Group& group : groups_) rows += group.rows;
  thrift.Int64(3, rows).BeginList(4, CompactType::kStruct, groups_.size());
  for (const Group& group : groups_) {
    uint64_t bytes = 0;
    thrift.BeginElement().BeginList(1, CompactType::kStruct, columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Chunk& chunk = group.chunks[i];
      bytes += chunk.bytes;
      thrift.BeginElement().Int64(2, chunk.offset).BeginStruct(3);
      thrift.Int32(1, TypeOf(columns_[i].kind)).BeginList(2, CompactType::kInt32, 2);
      thrift.Int(kPlain).Int(kRle);
      WritePath(columns_[i], &thrift);
      thrift.Int32(4, kUncompressed).Int64(5, chunk.slots).Int64(6, chunk.bytes);
      thrift.Int64(7, chunk.bytes).Int64(9, chunk.offset).EndStruct().EndStruct();
    }
    thrift.Int64(2, bytes).Int64(3, group.rows).EndStruct();
  }
  return thrift.Text(6, "spillway").EndStruct().Take();
}

Status ParquetWriter::Close() {
  RETURN_IF_ERROR(WriteGroup());
  std::string footer = Footer();
  AppendLittleEndian(static_cast<uint32_t>(footer.size()), &footer);
  footer += kMagic;
  return Write(footer);
}

}  // namespace spillway
