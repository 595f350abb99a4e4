#include "transforms/value_plan.h"

#include <fmt/format.h>

#include <utility>

#include "json/json_buffer.h"

namespace spillway {

NameFragment::NameFragment(std::string_view name) {
  JsonBuffer buffer(&padded_);
  buffer.AppendString(name);
  buffer.Append(":");
  buffer.Finish();
  size_ = padded_.size();
  padded_.resize((size_ + kBlockBytes - 1) / kBlockBytes * kBlockBytes);
}

bool HasKeyText(ColumnType type) {
  switch (type) {
    case ColumnType::kBool:
    case ColumnType::kFloat32:
    case ColumnType::kFloat64:
    case ColumnType::kDecimal128:
    case ColumnType::kDate32:
    case ColumnType::kTimestamp:
      return true;
    default:
      return IsInteger(type) || IsString(type);
  }
}

namespace {

Status CheckMembers(const ColumnShape& shape, const std::string& path) {
  for (size_t i = 0; i < shape.children.size(); ++i) {
    for (size_t j = i + 1; j < shape.children.size(); ++j) {
      if (shape.children[i].name != shape.children[j].name) continue;
      return InvalidArgument(
          fmt::format("column \"{}\" has two fields named \"{}\"", path, shape.children[i].name));
    }
  }
  return Status::Ok();
}

Status CheckMapKey(const ColumnShape& shape, const std::string& path) {
  const ColumnShape& key = shape.children[0].children[0];
  if (HasKeyText(key.type)) return Status::Ok();
  return Unsupported(fmt::format("column \"{}\": a map with keys of type {} has no JSON form", path,
                                 TypeName(key)));
}

// The parts of `shape` that are written as values, with their paths.
Status PlanChildren(const ColumnShape& shape, const std::string& path, uint32_t depth,
                    ValuePlanContext* context, ValuePlan* plan) {
  const auto add = [&](const ColumnShape& child, const std::string& child_path) -> Status {
    ASSIGN_OR_RETURN(ValuePlan part,
                     PlanValue(child, plan->policy, child_path, depth + 1, context));
    part.name = NameFragment(child.name);
    plan->children.push_back(std::move(part));
    return Status::Ok();
  };
  switch (shape.type) {
    case ColumnType::kStruct:
      RETURN_IF_ERROR(CheckMembers(shape, path));
      for (const ColumnShape& child : shape.children) {
        RETURN_IF_ERROR(add(child, path + "." + child.name));
      }
      return Status::Ok();
    case ColumnType::kList:
    case ColumnType::kLargeList:
    case ColumnType::kFixedSizeList:
      return add(shape.children[0], path + "[]");
    case ColumnType::kMap:
      RETURN_IF_ERROR(CheckMapKey(shape, path));
      RETURN_IF_ERROR(add(shape.children[0].children[0], path + " (key)"));
      return add(shape.children[0].children[1], path + "[]");
    default:
      return Status::Ok();
  }
}

}  // namespace

Result<ValuePlan> PlanValue(const ColumnShape& shape, const ValuePolicy& policy,
                            const std::string& path, uint32_t depth, ValuePlanContext* context) {
  ValuePlan plan;
  plan.type = shape.type;
  plan.unit = shape.unit;
  plan.zoned = shape.zoned;
  plan.scale = shape.scale;
  plan.policy = policy;
  plan.check_exact = !context->keeps_numbers_exactly;
  plan.path = path;
  if (IsString(shape.type)) plan.string_index = context->string_count++;
  if (IsNested(shape.type) && depth >= context->depth_max && shape.type != ColumnType::kVariant) {
    return InvalidArgument(
        fmt::format("column \"{}\": nested deeper than the {} levels that the destination takes",
                    path, context->depth_max));
  }
  plan.depth_left = context->depth_max - std::min(depth, context->depth_max);
  RETURN_IF_ERROR(PlanChildren(shape, path, depth, context, &plan));
  return plan;
}

}  // namespace spillway
