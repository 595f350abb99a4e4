// ValueWriter: writes values of Arrow columns as JSON into a buffer, each by its plan.
#ifndef SPILLWAY_TRANSFORMS_VALUE_WRITER_H_
#define SPILLWAY_TRANSFORMS_VALUE_WRITER_H_

#include <emmintrin.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "columns/column_view.h"
#include "json/json_buffer.h"
#include "transforms/scalar_writer.h"
#include "transforms/value_plan.h"

namespace spillway {

// Column-wise check of the strings of a batch, filled by CheckStrings: 1 at ValuePlan::string_index
// where every string of the column is known to be UTF-8.
using CheckedStrings = std::vector<uint8_t>;
void CheckStrings(const ValuePlan& plan, const ColumnView& view, CheckedStrings* checked);

// Used by one thread, for one batch.
class ValueWriter {
 public:
  ValueWriter(JsonBuffer* out, const CheckedStrings* checked)
      : out_(*out), checked_(*checked), scalars_(out) {}

  // Each returns false when the row must be refused: then error() says why, and what was written
  // has to be taken back.

  // `"name":value,`; nothing when the value is null and nulls are omitted.
  bool WriteField(const ValuePlan& plan, const ColumnView& view, int64_t row);
  // The value; `null` when it is null.
  bool WriteValue(const ValuePlan& plan, const ColumnView& view, int64_t row);
  // The text of an id or of a map's key, without quotes or escapes: independent of policies, so
  // that it stays when they change. REQUIRES: HasKeyText, not null.
  bool WriteKeyText(const ValuePlan& plan, const ColumnView& view, int64_t row);

  // Null in the document: null in the column, or NaN where the policy makes it null.
  static bool IsNull(const ValuePlan& plan, const ColumnView& view, int64_t row);

  const RowError& error() const { return scalars_.error(); }
  bool Refuse(const ValuePlan& plan, const char* reason, std::string_view what);
  bool RefuseRow(const char* reason, std::string message);
  // `"name":{`.
  void OpenObject(const NameFragment& name);

 private:
  bool WritePresent(const ValuePlan& plan, const ColumnView& view, int64_t row);
  void WriteInterval(const ValuePlan& plan, const ColumnView& view, int64_t row);
  bool WriteStruct(const ValuePlan& plan, const ColumnView& view, int64_t row);
  bool WriteList(const ValuePlan& plan, const ColumnView& view, int64_t row);
  bool WriteMap(const ValuePlan& plan, const ColumnView& view, int64_t row);
  bool WriteMapKey(const ValuePlan& map, const ColumnView& keys, int64_t at);
  bool CheckMapKeys(const ValuePlan& plan, size_t first);
  bool WriteTimeKey(const ValuePlan& plan, const ColumnView& view, int64_t row);
  bool IsKnownUtf8(const ValuePlan& plan) const { return checked_[plan.string_index] != 0; }
  void PutName(const NameFragment& name);

  JsonBuffer& out_;
  const CheckedStrings& checked_;
  ScalarWriter scalars_;
  std::vector<std::pair<size_t, size_t>> map_keys_;  // a stack: begin and end in the buffer
  std::vector<std::string_view> sorted_keys_;        // of one map; kept for its memory
};

inline void ValueWriter::PutName(const NameFragment& name) {
  char* out = out_.end();
  for (size_t i = 0; i < name.size(); i += NameFragment::kBlockBytes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(name.data() + i)));
  }
  out_.set_end(out + name.size());
}

inline bool ValueWriter::IsNull(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  if (view.IsNull(row)) return true;
  if (plan.policy.non_finite != NonFinitePolicy::kNull) return false;
  if (plan.type == ColumnType::kFloat64) return !std::isfinite(view.Value<double>(row));
  if (plan.type == ColumnType::kFloat32) return !std::isfinite(view.Value<float>(row));
  return false;
}

inline bool ValueWriter::WriteField(const ValuePlan& plan, const ColumnView& view, int64_t row) {
  const bool null = IsNull(plan, view, row);
  if (null && plan.policy.nulls == NullPolicy::kOmit) return true;
  out_.Ensure(plan.name.size() + NameFragment::kBlockBytes + kScalarBytesMax);
  PutName(plan.name);
  if (null) {
    out_.PutText("null,");
    return true;
  }
  if (!WritePresent(plan, view, row)) return false;
  out_.Ensure(1);
  out_.Put(',');
  return true;
}

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_VALUE_WRITER_H_
