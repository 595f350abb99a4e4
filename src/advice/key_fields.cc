#include "advice/key_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "columns/column_shape.h"
#include "json/document_key.h"

namespace spillway {
namespace {

constexpr std::string_view kIdField = "id";
constexpr const char* kNestedReason = "a key is a single value, and this is {}";

std::vector<std::string> SplitAtDots(const std::string& field) {
  std::vector<std::string> names;
  for (size_t begin = 0;;) {
    const size_t dot = field.find('.', begin);
    names.push_back(field.substr(begin, dot - begin));
    if (dot == std::string::npos) break;
    begin = dot + 1;
  }
  return names;
}

std::string PathOf(const std::vector<std::string>& names) {
  std::string path;
  for (const std::string& name : names) {
    const std::string_view quote = name.find('/') != std::string::npos ? "\"" : "";
    path += fmt::format("/{0}{1}{0}", quote, name);
  }
  return path;
}

std::string Unlikely(const ColumnShape& shape) {
  switch (shape.type) {
    case ColumnType::kFloat32:
    case ColumnType::kFloat64:
      return "a measure, not a name";
    case ColumnType::kDecimal128:
      return shape.scale > 0 ? "a measure, not a name" : "";
    case ColumnType::kYearMonthInterval:
    case ColumnType::kDayTimeInterval:
      return "a length of time, not a name";
    case ColumnType::kBinary:
    case ColumnType::kLargeBinary:
    case ColumnType::kFixedBinary:
      return "bytes, not a name";
    case ColumnType::kNull:
      return "always null";
    default:
      return "";
  }
}

class Finder {
 public:
  Finder(const DocumentOptions& options, const ArrowSchema& schema)
      : options_(options), schema_(schema) {}

  KeyFields Find() {
    found_.fields.push_back({PathOf({std::string(kIdField)}), "string", true, false, ""});
    for (int64_t i = 0; i < schema_.n_children; ++i) AddColumn(*schema_.children[i]);
    return std::move(found_);
  }

 private:
  void AddColumn(const ArrowSchema& column) {
    const std::string name = column.name;
    std::vector<std::vector<std::string>> places;
    for (const FieldMapping& mapping : options_.fields) {
      if (mapping.column == name) places.push_back(SplitAtDots(mapping.field));
    }
    const auto& wanted = options_.columns;
    const bool in_document =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    if (places.empty() && in_document) places.push_back({name});
    for (const std::vector<std::string>& names : places) {
      if (names.size() == 1 && names[0] == kIdField) continue;  // stands for all of them
      const auto shape = ParseShape(column);
      if (shape.ok()) {
        AddShape(*shape, names);
      } else {
        LeaveOut(names, std::string(shape.status().message()));
      }
    }
  }

  void AddShape(const ColumnShape& shape, const std::vector<std::string>& names) {
    if (shape.type == ColumnType::kStruct) {
      for (const ColumnShape& member : shape.children) {
        std::vector<std::string> deeper = names;
        deeper.push_back(member.name);
        AddShape(member, deeper);
      }
      return;
    }
    const auto unsayable = [](const std::string& name) {
      return name.empty() || name.find('"') != std::string::npos;
    };
    if (std::any_of(names.begin(), names.end(), unsayable)) {
      return LeaveOut(names, "a path cannot say its name");
    }
    if (IsNested(shape.type)) return LeaveOut(names, fmt::format(kNestedReason, TypeName(shape)));
    KeyField field;
    field.path = PathOf(names);
    field.type = TypeName(shape);
    field.moment = shape.type == ColumnType::kDate32 || shape.type == ColumnType::kTimestamp;
    field.unlikely = Unlikely(shape);
    found_.fields.push_back(std::move(field));
  }

  void LeaveOut(const std::vector<std::string>& names, std::string reason) {
    found_.left_out.push_back({PathOf(names), std::move(reason)});
  }

  const DocumentOptions& options_;
  const ArrowSchema& schema_;
  KeyFields found_;
};

}  // namespace

const KeyField* KeyFields::Find(std::string_view path) const {
  for (const KeyField& field : fields) {
    if (field.path == path) return &field;
  }
  return nullptr;
}

KeyFields FindKeyFields(const DocumentOptions& options, const ArrowSchema& schema) {
  return Finder(options, schema).Find();
}

Result<std::string> NormalPath(const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ParsePartitionKeyPath(path));
  return PathOf(names);
}

}  // namespace spillway
