#include "sources/delta/column_changes.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace spillway {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct Column {
  std::string_view name;
  std::optional<int64_t> id;
  element type;  // a name, or an object
};

using Columns = std::vector<Column>;

enum class Relation { kSame, kWidened, kOther };

Relation Compare(const element& before, const element& after);

Relation Worse(Relation a, Relation b) {
  return std::max(a, b);
}

// Of a struct type (Delta protocol, "Schema Serialization Format").
Columns ColumnsOf(const element& type) {
  Columns out;
  array fields;
  if (type["fields"].get(fields) != simdjson::SUCCESS) return out;
  for (const element& field : fields) {
    Column column;
    int64_t id = 0;
    if (field["name"].get(column.name) != simdjson::SUCCESS ||
        field["type"].get(column.type) != simdjson::SUCCESS) {
      continue;
    }
    if (field["metadata"]["delta.columnMapping.id"].get(id) == simdjson::SUCCESS) column.id = id;
    out.push_back(column);
  }
  return out;
}

const Column* FindById(const Columns& columns, const Column& wanted) {
  if (!wanted.id.has_value()) return nullptr;
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& column) { return column.id == wanted.id; });
  return found == columns.end() ? nullptr : &*found;
}

const Column* FindByName(const Columns& columns, std::string_view name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

// `wanted` is one of `others`. A column that keeps its name but has another id was written anew:
// the same to its readers, unless its name was taken over by another column.
const Column* Counterpart(const Columns& columns, const Column& wanted, const Columns& others) {
  const Column* by_id = FindById(columns, wanted);
  if (by_id != nullptr) return by_id;
  const Column* by_name = FindByName(columns, wanted.name);
  const bool is_taken = by_name != nullptr && FindById(others, *by_name) != nullptr;
  return is_taken ? nullptr : by_name;
}

struct Decimal {
  int precision = 0;
  int scale = 0;
};

// Of "decimal(12,2)".
std::optional<Decimal> DecimalOf(std::string_view name) {
  constexpr std::string_view kPrefix = "decimal(";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  Decimal out;
  const char* end = name.data() + name.size();
  const auto precision = std::from_chars(name.data() + kPrefix.size(), end, out.precision);
  if (precision.ec != std::errc() || precision.ptr == end || *precision.ptr != ',') {
    return std::nullopt;
  }
  const char* scale = precision.ptr + 1;
  while (scale != end && *scale == ' ') ++scale;
  if (std::from_chars(scale, end, out.scale).ec != std::errc()) return std::nullopt;
  return out;
}

// Digits of the integers that a type can hold; 0: it holds no integers only.
int DigitsOf(std::string_view name) {
  if (name == "byte") return 3;
  if (name == "short") return 5;
  if (name == "integer") return 10;
  return name == "long" ? 19 : 0;
}

bool IsWidening(std::string_view before, std::string_view after) {
  const int digits = DigitsOf(before);
  if (digits > 0 && DigitsOf(after) > digits) return true;
  if (after == "double") return before == "float" || (digits > 0 && digits <= 10);
  const std::optional<Decimal> wide = DecimalOf(after);
  if (!wide.has_value()) return false;
  // A larger scale appends zeros: the same number.
  if (digits > 0) return wide->precision - wide->scale >= digits;
  const std::optional<Decimal> narrow = DecimalOf(before);
  return narrow.has_value() && wide->scale >= narrow->scale &&
         wide->precision - wide->scale >= narrow->precision - narrow->scale;
}

Relation CompareStructs(const element& before, const element& after) {
  const Columns old_fields = ColumnsOf(before);
  const Columns new_fields = ColumnsOf(after);
  Relation relation = Relation::kSame;
  size_t kept = 0;
  for (const Column& field : new_fields) {
    const Column* old_field = Counterpart(old_fields, field, new_fields);
    if (old_field == nullptr) {
      relation = Worse(relation, Relation::kWidened);
      continue;
    }
    ++kept;
    if (old_field->name != field.name) return Relation::kOther;
    relation = Worse(relation, Compare(old_field->type, field.type));
  }
  return kept == old_fields.size() ? relation : Relation::kOther;
}

Relation CompareMembers(const element& before, const element& after, const char* member) {
  element old_type;
  element new_type;
  if (before[member].get(old_type) != simdjson::SUCCESS ||
      after[member].get(new_type) != simdjson::SUCCESS) {
    return Relation::kOther;
  }
  return Compare(old_type, new_type);
}

Relation Compare(const element& before, const element& after) {
  std::string_view old_name;
  std::string_view new_name;
  if (before.get(old_name) == simdjson::SUCCESS && after.get(new_name) == simdjson::SUCCESS) {
    if (old_name == new_name) return Relation::kSame;
    return IsWidening(old_name, new_name) ? Relation::kWidened : Relation::kOther;
  }
  std::string_view old_kind;
  std::string_view new_kind;
  if (!before.is_object() || !after.is_object() ||
      before["type"].get(old_kind) != simdjson::SUCCESS ||
      after["type"].get(new_kind) != simdjson::SUCCESS || old_kind != new_kind) {
    return Relation::kOther;
  }
  if (new_kind == "struct") return CompareStructs(before, after);
  if (new_kind == "array") return CompareMembers(before, after, "elementType");
  return Worse(CompareMembers(before, after, "keyType"),
               CompareMembers(before, after, "valueType"));
}

// A table's schema, parsed. The schema lives with the parsers.
class ParsedSchema {
 public:
  Status Parse(const std::string& metadata) {
    element action;
    std::string_view schema;
    element root;
    if (metadata_parser_.parse(metadata).get(action) != simdjson::SUCCESS ||
        action["schemaString"].get(schema) != simdjson::SUCCESS ||
        schema_parser_.parse(schema.data(), schema.size()).get(root) != simdjson::SUCCESS) {
      return DataLoss("the schema in the log makes no sense");
    }
    columns = ColumnsOf(root);
    return Status::Ok();
  }

  Columns columns;

 private:
  simdjson::dom::parser metadata_parser_;
  simdjson::dom::parser schema_parser_;
};

std::string TypeOf(const DeltaTableDetails& details, std::string_view column) {
  for (const ColumnInfo& info : details.info.columns) {
    if (info.name == column) return info.type;
  }
  return {};
}

ColumnChange NewColumn(std::string_view name) {
  return {.kind = ColumnChange::Kind::kAdded,
          .column = std::string(name),
          .old_column = {},
          .old_type = {},
          .new_type = {}};
}

}  // namespace

Result<std::vector<ColumnChange>> ColumnChangesBetween(const DeltaTableDetails& before,
                                                       const DeltaTableDetails& after) {
  std::vector<ColumnChange> out;
  if (before.metadata == after.metadata) return out;
  ParsedSchema old_schema;
  ParsedSchema new_schema;
  RETURN_IF_ERROR(old_schema.Parse(before.metadata));
  RETURN_IF_ERROR(new_schema.Parse(after.metadata));
  for (const Column& column : new_schema.columns) {
    ColumnChange change = NewColumn(column.name);
    const Column* old_column = Counterpart(old_schema.columns, column, new_schema.columns);
    if (old_column == nullptr) {
      out.push_back(std::move(change));
      continue;
    }
    if (old_column->name != column.name) {
      change.kind = ColumnChange::Kind::kRenamed;
      change.old_column = old_column->name;
      out.push_back(change);
    }
    const Relation relation = Compare(old_column->type, column.type);
    if (relation == Relation::kSame) continue;
    change = NewColumn(column.name);
    change.kind = relation == Relation::kWidened ? ColumnChange::Kind::kWidened
                                                 : ColumnChange::Kind::kRetyped;
    change.old_type = TypeOf(before, old_column->name);
    change.new_type = TypeOf(after, column.name);
    out.push_back(std::move(change));
  }
  for (const Column& column : old_schema.columns) {
    if (Counterpart(new_schema.columns, column, old_schema.columns) != nullptr) continue;
    out.push_back(NewColumn(column.name));
    out.back().kind = ColumnChange::Kind::kDropped;
  }
  return out;
}

std::vector<ColumnChange> OfColumns(std::vector<ColumnChange> changes,
                                    const std::vector<std::string>& columns) {
  if (columns.empty()) return changes;
  std::erase_if(changes, [&columns](const ColumnChange& change) {
    const auto is_named = [&columns](const std::string& name) {
      return std::find(columns.begin(), columns.end(), name) != columns.end();
    };
    return !is_named(change.column) && !is_named(change.old_column);
  });
  return changes;
}

}  // namespace spillway
