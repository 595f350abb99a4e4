// ValuePlan: how one column, or a part of a nested one, becomes a JSON value: its type and
// policies, resolved once when the encoder is made.
#ifndef SPILLWAY_TRANSFORMS_VALUE_PLAN_H_
#define SPILLWAY_TRANSFORMS_VALUE_PLAN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columns/column_shape.h"
#include "transforms/document_options.h"

namespace spillway {

// `"name":`, escaped, in memory whose size is a multiple of 16: the writer copies whole blocks.
class NameFragment {
 public:
  static constexpr size_t kBlockBytes = 16;

  NameFragment() = default;
  explicit NameFragment(std::string_view name);
  const char* data() const { return padded_.data(); }
  size_t size() const { return size_; }

 private:
  std::string padded_;
  size_t size_ = 0;
};

struct ValuePlan {
  ColumnType type = ColumnType::kNull;
  TimeUnit unit = TimeUnit::kMicro;
  bool zoned = false;
  int8_t scale = 0;
  ValuePolicy policy;
  bool check_exact = false;   // the destination keeps numbers as doubles
  uint32_t string_index = 0;  // of a string: its place in the batch's list of checked columns
  uint32_t depth_left = 0;    // of a variant: levels of nesting that it may still add
  NameFragment name;          // of a document field or a struct member
  std::string path;           // for messages: "pricing.unit"
  std::vector<ValuePlan> children;
};

// What a whole encoder shares between its ValuePlans.
struct ValuePlanContext {
  bool keeps_numbers_exactly = true;
  uint32_t depth_max = UINT32_MAX;
  uint32_t string_count = 0;  // strings planned so far
};

// `depth`: levels of objects and arrays around the value. Fails with kUnsupported (a map whose keys
// have no text) or kInvalidArgument (two members of one name; nested deeper than depth_max), and
// names the column.
Result<ValuePlan> PlanValue(const ColumnShape& shape, const ValuePolicy& policy,
                            const std::string& path, uint32_t depth, ValuePlanContext* context);

// Types that can be an id, or the key of a map: those with one plain text.
bool HasKeyText(ColumnType type);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_VALUE_PLAN_H_
