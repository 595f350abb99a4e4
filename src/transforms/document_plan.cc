#include "transforms/document_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "json/document_key.h"
#include "transforms/nearest_name.h"

namespace spillway {
namespace {

constexpr std::string_view kIdField = "id";
constexpr std::string_view kEtagField = "_etag";

// A document field while the plan is made: filled by a column, or an object of fields.
struct FieldNode {
  std::string name;
  std::optional<uint32_t> column;
  std::vector<std::unique_ptr<FieldNode>> members;

  FieldNode* Find(std::string_view member) const {
    for (const auto& node : members) {
      if (node->name == member) return node.get();
    }
    return nullptr;
  }
};

bool Contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::vector<std::string> SplitField(const std::string& field) {
  std::vector<std::string> names;
  size_t begin = 0;
  while (true) {
    const size_t dot = field.find('.', begin);
    names.push_back(field.substr(begin, dot - begin));
    if (dot == std::string::npos) return names;
    begin = dot + 1;
  }
}

class Planner {
 public:
  Planner(const DocumentOptions& options, const ArrowSchema& schema,
          const Capabilities& capabilities)
      : options_(options), schema_(schema), limits_(capabilities.limits) {
    plan_.limits = capabilities.limits;
    plan_.keeps_numbers_exactly = capabilities.keeps_numbers_exactly;
    plan_.id_separator = options.id_separator;
    plan_.id_escaping = options.id_escaping;
    context_.keeps_numbers_exactly = capabilities.keeps_numbers_exactly;
    context_.depth_max = limits_.depth_max;
  }

  Result<DocumentPlan> Make() {
    for (int64_t i = 0; i < schema_.n_children; ++i) names_.push_back(schema_.children[i]->name);
    CheckNames();
    PlanFields();
    Flatten(root_, 1);
    PlanId();
    for (const std::string& path : options_.partition_key_paths) PlanKeyComponent(path);
    plan_.string_count = context_.string_count;
    if (errors_.empty()) return std::move(plan_);
    std::string message;
    for (const std::string& error : errors_) message += (message.empty() ? "" : "\n") + error;
    Status refused = InvalidArgument(std::move(message));
    if (!has_unsupported_) return refused;
    return std::move(refused).WithHint("leave the column out: name the others in source.columns");
  }

 private:
  void Error(std::string text) { errors_.push_back(std::move(text)); }
  void Keep(const Status& status) {
    if (!status.ok()) Error(std::string(status.message()));
    has_unsupported_ |= status.code() == StatusCode::kUnsupported;
  }

  bool KnowsColumn(const std::string& name, std::string_view where) {
    if (Contains(names_, name)) return true;
    Error(
        fmt::format("{}: the table has no column \"{}\"{}", where, name, DidYouMean(name, names_)));
    return false;
  }

  void CheckNames() {
    std::vector<std::string> sorted = names_;
    std::sort(sorted.begin(), sorted.end());
    const auto twin = std::adjacent_find(sorted.begin(), sorted.end());
    if (twin != sorted.end()) Error(fmt::format("the table has two columns named \"{}\"", *twin));
    for (const std::string& name : options_.columns) KnowsColumn(name, "source.columns");
    for (const FieldMapping& mapping : options_.fields) {
      KnowsColumn(mapping.column, fmt::format("documents.fields.{}", mapping.field));
    }
    for (const auto& [name, policy] : options_.column_policies) {
      KnowsColumn(name, "documents.columns");
    }
  }

  const ValuePolicy& PolicyOf(const std::string& column) const {
    const auto found = options_.column_policies.find(column);
    return found == options_.column_policies.end() ? options_.policy : found->second;
  }

  // The column's place in the plan; it is parsed when it is first used.
  std::optional<uint32_t> UseColumn(const std::string& name) {
    const auto known = used_.find(name);
    if (known != used_.end()) return known->second;
    const auto index = std::find(names_.begin(), names_.end(), name) - names_.begin();
    auto shape = ParseShape(*schema_.children[index]);
    std::optional<uint32_t> column;
    if (shape.ok()) {
      column = static_cast<uint32_t>(plan_.columns.size());
      plan_.columns.push_back({index, *std::move(shape)});
    } else {
      Keep(shape.status());
    }
    used_.emplace(name, column);
    return column;
  }

  // In the order of the table, so that documents do not depend on the order of the configuration.
  void PlanFields() {
    for (const std::string& column : names_) {
      bool mapped = false;
      for (const FieldMapping& mapping : options_.fields) {
        if (mapping.column != column) continue;
        mapped = true;
        PlanField(SplitField(mapping.field), column, true);
      }
      const bool wanted = options_.columns.empty() || Contains(options_.columns, column);
      if (wanted && !mapped) PlanField({column}, column, false);
    }
  }

  void PlanField(const std::vector<std::string>& names, const std::string& column,
                 bool on_purpose) {
    const std::string& top = names.front();
    const std::string field = fmt::format("{}", fmt::join(names, "."));
    if (Contains(names, ""))
      return Error(fmt::format("documents.fields: \"{}\" has an empty name", field));
    if (names.size() == 1 && top == kIdField) return PlanIdField(column);
    if (Contains(limits_.reserved_fields, top)) {
      if (on_purpose && field == kEtagField) return PlanEtag(column);
      return Error(ReservedMessage(field, column, on_purpose));
    }
    if (options_.soft_delete.has_value() && top == options_.soft_delete->field) {
      return Error(
          fmt::format("column \"{}\": the field \"{}\" marks documents whose row is gone "
                      "(sync.mode); give one of "
                      "them another name, or leave the column out of source.columns",
                      column, top));
    }
    if (!options_.stamp_field.empty() && top == options_.stamp_field) {
      return Error(
          fmt::format("column \"{}\": the field \"{}\" says who wrote a document (stamp); give one"
                      " of them another name, or leave the column out of source.columns",
                      column, top));
    }
    if (!on_purpose && Contains(limits_.special_fields, top)) {
      return Error(fmt::format(
          "column \"{0}\": the destination acts on a field of this name; map it on purpose "
          "(documents.fields: {{{0}: {0}}}), under another name, or leave it out of source.columns",
          column));
    }
    if (const auto place = UseColumn(column)) Insert(names, field, *place);
  }

  static std::string ReservedMessage(const std::string& field, const std::string& column,
                                     bool on_purpose) {
    const std::string_view next =
        field == kEtagField && !on_purpose
            ? "map it on purpose (documents.fields: {_etag: _etag}) to make writes conditional on "
              "it, or give it another name"
            : "give it another name under documents.fields, or leave it out of source.columns";
    return fmt::format("column \"{}\": the field \"{}\" belongs to the destination; {}", column,
                       field, next);
  }

  void PlanIdField(const std::string& column) {
    if (options_.id_columns == std::vector<std::string>{column}) return;  // the id itself
    Error(
        fmt::format("column \"{}\" would fill the field \"id\", but destination.id is {}; give the "
                    "column another name under documents.fields, or leave it out of source.columns",
                    column, fmt::join(options_.id_columns, ", ")));
  }

  void PlanEtag(const std::string& column) {
    const auto place = UseColumn(column);
    if (!place) return;
    const ColumnShape& shape = plan_.columns[*place].shape;
    if (!IsString(shape.type)) {
      return Error(fmt::format("documents.fields._etag: column \"{}\" is of type {}, not a string",
                               column, TypeName(shape)));
    }
    plan_.etag_column = place;
    auto value = PlanValue(shape, PolicyOf(column), column, 1, &context_);
    if (value.ok()) plan_.etag = *std::move(value);
  }

  void Insert(const std::vector<std::string>& names, const std::string& field, uint32_t column) {
    FieldNode* at = &root_;
    for (size_t i = 0; i < names.size(); ++i) {
      FieldNode* next = at->Find(names[i]);
      const bool last = i + 1 == names.size();
      if (next != nullptr && (last || next->column)) {
        return Error(fmt::format("two columns fill the field \"{}\"; one of them is \"{}\"", field,
                                 plan_.columns[column].shape.name));
      }
      if (next == nullptr) {
        at->members.push_back(std::make_unique<FieldNode>());
        next = at->members.back().get();
        next->name = names[i];
      }
      at = next;
    }
    at->column = column;
  }

  // `depth`: levels around the members of `node`.
  void Flatten(const FieldNode& node, uint32_t depth) {
    for (const auto& member : node.members) {
      DocumentStep step;
      if (member->column) {
        const ColumnShape& shape = plan_.columns[*member->column].shape;
        auto value = PlanValue(shape, PolicyOf(shape.name), shape.name, depth, &context_);
        if (!value.ok()) {
          Keep(value.status());
          continue;
        }
        step.column = *member->column;
        step.value = *std::move(value);
        step.value.name = NameFragment(member->name);
        plan_.steps.push_back(std::move(step));
        continue;
      }
      step.kind = DocumentStep::Kind::kOpen;
      step.value.name = NameFragment(member->name);
      plan_.steps.push_back(step);
      Flatten(*member, depth + 1);
      step.kind = DocumentStep::Kind::kClose;
      plan_.steps.push_back(std::move(step));
    }
  }

  void PlanId() {
    if (options_.id_columns.empty()) return Error("destination.id: names no column");
    for (const std::string& name : options_.id_columns) {
      if (!KnowsColumn(name, "destination.id")) continue;
      const auto column = UseColumn(name);
      if (!column) continue;
      const ColumnShape& shape = plan_.columns[*column].shape;
      if (!HasKeyText(shape.type)) {
        Error(fmt::format("destination.id: column \"{}\" is of type {}, which has no plain text",
                          name, TypeName(shape)));
        continue;
      }
      auto value = PlanValue(shape, PolicyOf(name), name, 1, &context_);
      if (value.ok()) plan_.id.push_back({*column, *std::move(value)});
    }
    if (options_.id_columns.size() > 1) CheckSeparator();
  }

  void CheckSeparator() {
    const std::string& separator = options_.id_separator;
    if (separator.empty()) return Error("destination.id: several columns need a separator");
    if (separator.find('%') != std::string::npos) {
      return Error("destination.id: the separator cannot hold %, which marks escaped characters");
    }
    if (separator.find_first_of(limits_.id_forbidden) != std::string::npos) {
      Error(fmt::format(
          "destination.id: the separator \"{}\" holds a character that no id may have", separator));
    }
    if ((static_cast<unsigned char>(separator[0]) & 0x80) != 0) {
      Error(
          fmt::format("destination.id: the separator \"{}\" does not begin with an ASCII character",
                      separator));
    }
  }

  void PlanKeyComponent(const std::string& path) {
    const auto names = ParsePartitionKeyPath(path);
    if (!names.ok()) return Keep(names.status());
    KeyComponent component;
    if (*names == std::vector<std::string>{std::string(kIdField)}) {
      component.is_id = true;
      plan_.partition_key.push_back(std::move(component));
      return;
    }
    const FieldNode* node = &root_;
    size_t level = 0;
    while (level < names->size() && node != nullptr && !node->column) {
      node = node->Find((*names)[level++]);
    }
    if (node == nullptr || !node->column) {
      return Error(fmt::format("destination.partition_key: no column fills the path {}", path));
    }
    component.column = *node->column;
    const std::string& name = plan_.columns[component.column].shape.name;
    const ColumnShape* shape = &plan_.columns[component.column].shape;
    for (; level < names->size(); ++level) {
      shape = FindMember(*shape, (*names)[level], &component);
      if (shape == nullptr) {
        return Error(
            fmt::format("destination.partition_key: nothing in column \"{}\" ({}) fills the "
                        "path {}",
                        name, TypeName(plan_.columns[component.column].shape), path));
      }
    }
    if (IsNested(shape->type)) {
      return Error(
          fmt::format("destination.partition_key: {} is of type {}; a key is a single value", path,
                      TypeName(*shape)));
    }
    auto value = PlanValue(*shape, PolicyOf(name), path, 1, &context_);
    if (!value.ok()) return Keep(value.status());
    component.value = *std::move(value);
    plan_.partition_key.push_back(std::move(component));
  }

  static const ColumnShape* FindMember(const ColumnShape& shape, const std::string& name,
                                       KeyComponent* component) {
    if (shape.type != ColumnType::kStruct) return nullptr;
    for (size_t i = 0; i < shape.children.size(); ++i) {
      if (shape.children[i].name != name) continue;
      component->members.push_back(static_cast<uint32_t>(i));
      return &shape.children[i];
    }
    return nullptr;
  }

  const DocumentOptions& options_;
  const ArrowSchema& schema_;
  const DocumentLimits& limits_;
  DocumentPlan plan_;
  ValuePlanContext context_;
  std::vector<std::string> names_;
  std::map<std::string, std::optional<uint32_t>> used_;
  FieldNode root_;
  std::vector<std::string> errors_;
  bool has_unsupported_ = false;  // one of them is a type without a document form
};

}  // namespace

Result<DocumentPlan> PlanDocument(const DocumentOptions& options, const ArrowSchema& schema,
                                  const Capabilities& capabilities) {
  return Planner(options, schema, capabilities).Make();
}

}  // namespace spillway
