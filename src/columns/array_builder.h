// Arrow arrays from plain values, for tests and benchmarks. A BuiltColumn owns its buffers;
// BuildBatch hands them to a Batch through the C data interface, as a source would.
//
//   Batch batch = BuildBatch({{"id", Strings({"a", "b"})}, {"price", Doubles({1.5,
//   std::nullopt})}});
#ifndef SPILLWAY_COLUMNS_ARRAY_BUILDER_H_
#define SPILLWAY_COLUMNS_ARRAY_BUILDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columns/column_shape.h"
#include "model/batch.h"

namespace spillway {

template <typename T>
using Values = std::vector<std::optional<T>>;

struct BuiltColumn;
using NamedColumn = std::pair<std::string, BuiltColumn>;

struct BuiltColumn {
  std::string format;
  int64_t length = 0;
  int64_t null_count = 0;
  bool nullable = true;
  std::vector<std::shared_ptr<std::vector<uint8_t>>> buffers;  // null: an absent buffer
  std::vector<NamedColumn> children;
  std::vector<std::pair<std::string, std::string>> metadata;
};

BuiltColumn Nulls(int64_t rows);
BuiltColumn Bools(const Values<bool>& values);
BuiltColumn Int8s(const Values<int8_t>& values);
BuiltColumn Int16s(const Values<int16_t>& values);
BuiltColumn Int32s(const Values<int32_t>& values);
BuiltColumn Int64s(const Values<int64_t>& values);
BuiltColumn UInt8s(const Values<uint8_t>& values);
BuiltColumn UInt16s(const Values<uint16_t>& values);
BuiltColumn UInt32s(const Values<uint32_t>& values);
BuiltColumn UInt64s(const Values<uint64_t>& values);
BuiltColumn Floats(const Values<float>& values);
BuiltColumn Doubles(const Values<double>& values);
BuiltColumn Strings(const Values<std::string>& values);
BuiltColumn LargeStrings(const Values<std::string>& values);
BuiltColumn Binaries(const Values<std::string>& values);
BuiltColumn LargeBinaries(const Values<std::string>& values);
BuiltColumn FixedBinaries(int32_t width, const Values<std::string>& values);
// Unscaled values: 1295 at scale 2 is 12.95.
BuiltColumn Decimals(int precision, int scale, const Values<__int128>& values);
// Days since 1970-01-01.
BuiltColumn Dates(const Values<int32_t>& values);
// `zone` empty: local time (timestamp_ntz).
BuiltColumn Timestamps(TimeUnit unit, const std::string& zone, const Values<int64_t>& values);
BuiltColumn YearMonthIntervals(const Values<int32_t>& months);
BuiltColumn DayTimeIntervals(const Values<int64_t>& micros);
// `valid` empty: no row is null.
BuiltColumn Structs(std::vector<NamedColumn> fields, const std::vector<bool>& valid = {});
// Row i takes the next sizes[i] elements; nullopt: a null row that takes none.
BuiltColumn Lists(BuiltColumn elements, const Values<int32_t>& sizes);
BuiltColumn LargeLists(BuiltColumn elements, const Values<int32_t>& sizes);
BuiltColumn FixedSizeLists(int32_t width, BuiltColumn elements, const std::vector<bool>& valid);
BuiltColumn Maps(BuiltColumn keys, BuiltColumn values, const Values<int32_t>& sizes);
// Pairs of encoded metadata and value.
BuiltColumn Variants(const Values<std::pair<std::string, std::string>>& values);

// A copy with field metadata added.
BuiltColumn WithMetadata(BuiltColumn column, std::string key, std::string value);

OwnedSchema ExportSchema(const std::string& name, const BuiltColumn& column);
OwnedArray ExportArray(const BuiltColumn& column);

// REQUIRES: at least one column, all of one length.
Batch BuildBatch(const std::vector<NamedColumn>& columns);
// The same rows [offset, offset + length) as a slice that shares the buffers.
Batch SliceBatch(const std::vector<NamedColumn>& columns, int64_t offset, int64_t length);

}  // namespace spillway

#endif  // SPILLWAY_COLUMNS_ARRAY_BUILDER_H_
