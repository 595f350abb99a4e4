// ColumnShape: the type of one Arrow column, parsed once from its format string and kept as plain
// data. Source: Arrow specification, "The Arrow C data interface", section "Data type description".
#ifndef SPILLWAY_COLUMNS_COLUMN_SHAPE_H_
#define SPILLWAY_COLUMNS_COLUMN_SHAPE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/arrow_abi.h"

namespace spillway {

enum class ColumnType : uint8_t {
  kNull,
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat32,
  kFloat64,
  kDecimal128,
  kDate32,             // days since 1970-01-01
  kTimestamp,          // `unit` since the epoch; `zoned`: an instant, else local time
  kYearMonthInterval,  // int32: months
  kDayTimeInterval,    // int64: microseconds
  kUtf8,
  kLargeUtf8,
  kBinary,
  kLargeBinary,
  kFixedBinary,  // `width` bytes each
  kStruct,
  kList,
  kLargeList,
  kFixedSizeList,  // `width` elements each
  kMap,            // one child: a struct of key and value
  kVariant,        // two children: binary `metadata` and binary `value`, in this order
};

enum class TimeUnit : uint8_t { kSecond, kMilli, kMicro, kNano };

struct ColumnShape {
  ColumnType type = ColumnType::kNull;
  TimeUnit unit = TimeUnit::kMicro;
  bool zoned = false;
  bool nullable = true;
  uint8_t precision = 0;  // of a decimal
  int8_t scale = 0;       // of a decimal; may be negative
  int32_t width = 0;
  std::string name;
  std::vector<ColumnShape> children;
  // Where children[i] stands in the Arrow array: a variant's two may come in either order.
  std::vector<uint32_t> child_index;

  bool operator==(const ColumnShape&) const = default;
};

// The key of a field's metadata that names a type which Arrow's format does not tell, and its
// values: "interval year to month" on int32 (months), "interval day to second" on int64
// (microseconds).
inline constexpr const char* kTypeMetadataKey = "spillway.type";

// Fails with kUnsupported and names the column path and the type: dictionaries, half floats,
// 256-bit decimals, times of day, views, unions and the like. kInvalidArgument: the schema itself
// is broken. A struct counts as a variant when its extension name says so ("parquet.variant",
// "arrow.parquet.variant") or when it is exactly two binary children, `metadata` and `value`,
// neither nullable: the form in which the Delta kernel delivers a variant.
Result<ColumnShape> ParseShape(const ArrowSchema& schema);

// For messages: "decimal(12,2)", "list<string>", "struct<a:long>".
std::string TypeName(const ColumnShape& shape);

// Whether values of both are read in the same way: types and struct members agree; the names of the
// columns themselves and of list elements, and nullability, may differ.
bool SameLayout(const ColumnShape& a, const ColumnShape& b);

bool IsInteger(ColumnType type);
bool IsString(ColumnType type);
bool IsBinary(ColumnType type);
// Struct, lists, map and variant.
bool IsNested(ColumnType type);

}  // namespace spillway

#endif  // SPILLWAY_COLUMNS_COLUMN_SHAPE_H_
