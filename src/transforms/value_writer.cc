#include "transforms/value_writer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "transforms/variant_json.h"

namespace spillway {
namespace {

bool IsAscii(const char* bytes, size_t size) {
  __m128i any = _mm_setzero_si128();
  size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    any = _mm_or_si128(any, _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i)));
  }
  int high = _mm_movemask_epi8(any);
  for (; i < size; ++i) high |= bytes[i] & 0x80;
  return high == 0;
}

// Valid as a whole, and no string begins in the middle of a character: then each one is valid.
template <typename Offset>
bool AllUtf8(const Offset* offsets, int64_t rows, const char* data) {
  const auto size = static_cast<size_t>(offsets[rows] - offsets[0]);
  if (size == 0 || IsAscii(data + offsets[0], size)) return true;
  if (!simdjson::validate_utf8(data + offsets[0], size)) return false;
  bool whole = true;
  for (int64_t i = 1; i < rows; ++i) {
    whole &= offsets[i] == offsets[rows] || (data[offsets[i]] & 0xC0) != 0x80;
  }
  return whole;
}

}  // namespace

void CheckStrings(const ValuePlan& plan, const ColumnView& view, CheckedStrings* checked) {
  if (plan.type == ColumnType::kUtf8) {
    (*checked)[plan.string_index] =
        view.length() == 0 || AllUtf8(view.offsets32(), view.length(), view.data());
  } else if (plan.type == ColumnType::kLargeUtf8) {
    (*checked)[plan.string_index] =
        view.length() == 0 || AllUtf8(view.offsets64(), view.length(), view.data());
  }
  const ColumnView& parent = plan.type == ColumnType::kMap ? view.child(0) : view;
  for (size_t i = 0; i < plan.children.size(); ++i) {
    CheckStrings(plan.children[i], parent.child(i), checked);
  }
}

bool ValueWriter::Refuse(const ValuePlan& plan, const char* reason, std::string_view what) {
  map_keys_.clear();
  return scalars_.Refuse(plan, reason, what);
}

bool ValueWriter::RefuseRow(const char* reason, std::string message) {
  return scalars_.RefuseRow(reason, std::move(message));
}

void ValueWriter::OpenObject(const NameFragment& name) {
  out_.Ensure(name.size() + NameFragment::kBlockBytes + 1);
  PutName(name);
  out_.Put('{');
}

bool ValueWriter::WriteValue(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  out_.Ensure(kScalarBytesMax);
  if (!IsNull(plan, view, row)) return WritePresent(plan, view, row);
  out_.PutText("null");
  return true;
}

// REQUIRES: not null, kScalarBytesMax ensured.
bool ValueWriter::WritePresent(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  switch (plan.type) {
    case ColumnType::kNull:
      out_.PutText("null");
      return true;
    case ColumnType::kBool:
      out_.PutText(view.Bool(row) ? "true" : "false");
      return true;
    case ColumnType::kInt8:
    case ColumnType::kInt16:
    case ColumnType::kInt32:
    case ColumnType::kUInt8:
    case ColumnType::kUInt16:
    case ColumnType::kUInt32:
      return scalars_.Int64(plan, view.Integer(row));
    case ColumnType::kInt64:
      return scalars_.Int64(plan, view.Value<int64_t>(row));
    case ColumnType::kUInt64:
      return scalars_.UInt64(plan, view.Value<uint64_t>(row));
    case ColumnType::kFloat32:
      return scalars_.Float(plan, view.Value<float>(row));
    case ColumnType::kFloat64:
      return scalars_.Double(plan, view.Value<double>(row));
    case ColumnType::kDecimal128:
      return scalars_.Decimal(plan, view.Decimal(row), plan.scale);
    case ColumnType::kDate32:
      return scalars_.Date(plan, view.Value<int32_t>(row));
    case ColumnType::kTimestamp:
      return scalars_.Timestamp(plan, SplitTime(view.Value<int64_t>(row), plan.unit), plan.zoned);
    case ColumnType::kYearMonthInterval:
    case ColumnType::kDayTimeInterval:
      WriteInterval(plan, view, row);
      return true;
    case ColumnType::kUtf8:
    case ColumnType::kLargeUtf8:
      return scalars_.String(plan, view.Bytes(row), IsKnownUtf8(plan));
    case ColumnType::kBinary:
    case ColumnType::kLargeBinary:
    case ColumnType::kFixedBinary:
      scalars_.Binary(view.Bytes(row));
      return true;
    case ColumnType::kStruct:
      return WriteStruct(plan, view, row);
    case ColumnType::kList:
    case ColumnType::kLargeList:
    case ColumnType::kFixedSizeList:
      return WriteList(plan, view, row);
    case ColumnType::kMap:
      return WriteMap(plan, view, row);
    case ColumnType::kVariant:
      return AppendVariant(view.child(0).Bytes(row), view.child(1).Bytes(row), plan, &scalars_,
                           &out_);
  }
  return true;
}

void ValueWriter::WriteInterval(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  out_.Put('"');
  out_.set_end(plan.type == ColumnType::kYearMonthInterval
                   ? WriteYearMonth(view.Value<int32_t>(row), out_.end())
                   : WriteDayTime(view.Value<int64_t>(row), out_.end()));
  out_.Put('"');
}

bool ValueWriter::WriteStruct(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  out_.Put('{');
  for (size_t i = 0; i < plan.children.size(); ++i) {
    if (!WriteField(plan.children[i], view.child(i), row)) return false;
  }
  out_.Ensure(1);
  out_.Close('}');
  return true;
}

bool ValueWriter::WriteList(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  out_.Put('[');
  const ElementRange range = view.Elements(row);
  for (int64_t i = range.begin; i < range.end; ++i) {
    if (!WriteValue(plan.children[0], view.child(0), i)) return false;
    out_.Ensure(1);
    out_.Put(',');
  }
  out_.Ensure(1);
  out_.Close(']');
  return true;
}

bool ValueWriter::WriteTimeKey(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  const bool date = plan.type == ColumnType::kDate32;
  const TimePoint time = date ? TimePoint{view.Value<int32_t>(row) * int64_t{86'400}, 0}
                              : SplitTime(view.Value<int64_t>(row), plan.unit);
  if (!IsPlainTime(time)) {
    return Refuse(plan, date ? "date_out_of_range" : "timestamp_out_of_range",
                  "a key outside the years 0000 to 9999");
  }
  out_.set_end(date ? WriteDate(view.Value<int32_t>(row), out_.end())
                    : WriteTime(time, plan.zoned, out_.end()));
  return true;
}

bool ValueWriter::WriteKeyText(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  out_.Ensure(kScalarBytesMax);
  switch (plan.type) {
    case ColumnType::kUtf8:
    case ColumnType::kLargeUtf8: {
      const std::string_view text = view.Bytes(row);
      if (!IsKnownUtf8(plan) && !simdjson::validate_utf8(text.data(), text.size())) {
        return Refuse(plan, "invalid_utf8", "the string is not valid UTF-8");
      }
      out_.Append(text);
      return true;
    }
    case ColumnType::kBool:
      out_.PutText(view.Bool(row) ? "true" : "false");
      return true;
    case ColumnType::kUInt64:
      out_.set_end(WriteUnsigned(view.Value<uint64_t>(row), out_.end()));
      return true;
    case ColumnType::kFloat32:
      if (!std::isfinite(view.Value<float>(row))) break;
      out_.set_end(WriteFloat(view.Value<float>(row), out_.end()));
      return true;
    case ColumnType::kFloat64:
      if (!std::isfinite(view.Value<double>(row))) break;
      out_.set_end(WriteDouble(view.Value<double>(row), out_.end()));
      return true;
    case ColumnType::kDecimal128:
      out_.set_end(WriteDecimal(view.Decimal(row), plan.scale, true, out_.end()));
      return true;
    case ColumnType::kDate32:
    case ColumnType::kTimestamp:
      return WriteTimeKey(plan, view, row);
    default:
      out_.set_end(WriteInteger(view.Integer(row), out_.end()));
      return true;
  }
  return Refuse(plan, "non_finite", "a key that is not a number");
}

bool ValueWriter::WriteMapKey(const ValuePlan& map, const ColumnView& keys, int64_t at) {
  const ValuePlan& plan = map.children[0];
  if (keys.IsNull(at)) return Refuse(map, "map_key_null", "a map with a null key");
  const size_t start = out_.size();
  if (IsString(plan.type)) {
    if (!scalars_.String(plan, keys.Bytes(at), IsKnownUtf8(plan))) return false;
  } else {
    if (!WriteKeyText(plan, keys, at)) return false;
    scalars_.Quote(start);
  }
  map_keys_.emplace_back(start, out_.size());
  out_.Append(":");
  return true;
}

bool ValueWriter::WriteMap(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  out_.Put('{');
  const ElementRange range = view.Elements(row);
  const ColumnView& keys = view.child(0).child(0);
  const ColumnView& values = view.child(0).child(1);
  const ValuePlan& value = plan.children[1];
  const size_t first_key = map_keys_.size();
  for (int64_t i = range.begin; i < range.end; ++i) {
    const size_t start = out_.size();
    if (!WriteMapKey(plan, keys, i)) return false;
    if (value.policy.nulls == NullPolicy::kOmit && IsNull(value, values, i)) {
      out_.Truncate(start);
      map_keys_.pop_back();
      continue;
    }
    if (!WriteValue(value, values, i)) return false;
    out_.Append(",");
  }
  out_.Ensure(1);
  out_.Close('}');
  return CheckMapKeys(plan, first_key);
}

bool ValueWriter::CheckMapKeys(const ValuePlan& plan, size_t first) {
  sorted_keys_.clear();
  for (size_t i = first; i < map_keys_.size(); ++i) {
    const auto [begin, end] = map_keys_[i];
    sorted_keys_.push_back(out_.Written(begin).substr(0, end - begin));
  }
  map_keys_.resize(first);
  std::sort(sorted_keys_.begin(), sorted_keys_.end());
  const auto twin = std::adjacent_find(sorted_keys_.begin(), sorted_keys_.end());
  if (twin == sorted_keys_.end()) return true;
  return Refuse(plan, "map_key_duplicate", fmt::format("the map has the key {} twice", *twin));
}

}  // namespace spillway
