// ParquetWriter: a table of texts, whole numbers and times as an Apache Parquet file, for reports
// that other programs read. Pages are plain and not compressed. The format: parquet.thrift of
// apache/parquet-format 2.x, in the compact protocol of Apache Thrift.
#ifndef SPILLWAY_PARQUET_PARQUET_WRITER_H_
#define SPILLWAY_PARQUET_PARQUET_WRITER_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace spillway {

enum class ParquetKind : uint8_t {
  kText,  // UTF-8
  kInt64,
  kTimestampMicros,  // UTC
};

// How many values a row has in a column.
enum class ParquetCount : uint8_t { kOne, kOneOrNull, kList };

struct ParquetColumn {
  std::string name;
  ParquetKind kind = ParquetKind::kText;
  ParquetCount count = ParquetCount::kOne;
};

// Used by one thread. Holds one row group of a few MiB, and some bytes for each that is written.
class ParquetWriter {
 public:
  // Takes the next bytes of the file.
  using Append = std::function<Status(std::string_view bytes)>;

  // REQUIRES: only kText as a list.
  ParquetWriter(std::vector<ParquetColumn> columns, Append append);

  // The value of the row's next column, in the order of the columns. REQUIRES: of that column's
  // kind and count; a text below 1 GiB.
  void AddText(std::string_view value);
  void AddInt(int64_t value);  // of kTimestampMicros: since 1970
  void AddNull();
  void AddTexts(std::span<const std::string> values);
  // REQUIRES: every column has its value. Errors as `append`.
  Status EndRow();
  // The file is whole. Nothing is added after it. Errors as `append`.
  Status Close();

 private:
  // Of a page, one per value: runs of 0 and 1 (Encodings.md, RLE with a width of 1 bit).
  class Levels {
   public:
    void Add(bool level);
    // With their length before them; none are left.
    std::string Take();

   private:
    void EndRun();
    std::string runs_;
    uint64_t run_ = 0;
    bool level_ = false;
  };
  struct Page {
    std::string values;
    Levels repetitions;  // of a list: whether the value goes on with the row before it
    Levels definitions;  // of a list or a nullable column: whether there is a value
    uint64_t slots = 0;  // values, and places without one
  };
  struct Chunk {
    uint64_t offset = 0;  // of its page's header
    uint64_t bytes = 0;   // with that
    uint64_t slots = 0;
  };
  struct Group {
    uint64_t rows = 0;
    std::vector<Chunk> chunks;  // by column
  };

  Page& NextColumn(ParquetKind kind, ParquetCount count);
  void PutText(std::string_view value, Page* page);
  Status Write(std::string_view bytes);
  Status WriteGroup();
  Status WriteChunk(size_t column, Group* group);
  std::string Footer() const;

  const std::vector<ParquetColumn> columns_;
  const Append append_;
  std::vector<Page> pages_;  // of the group that is being filled, by column
  size_t column_ = 0;        // the next of the row
  uint64_t rows_ = 0;        // of that group
  uint64_t bytes_ = 0;
  uint64_t written_ = 0;
  std::vector<Group> groups_;
};

}  // namespace spillway

#endif  // SPILLWAY_PARQUET_PARQUET_WRITER_H_
