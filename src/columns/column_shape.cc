#include "columns/column_shape.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace spillway {
namespace {

constexpr int kDepthMax = 256;  // of nested types, against a schema that never ends

struct SimpleFormat {
  std::string_view format;
  ColumnType type;
};

constexpr SimpleFormat kSimpleFormats[] = {
    {"n", ColumnType::kNull},     {"b", ColumnType::kBool},
    {"c", ColumnType::kInt8},     {"s", ColumnType::kInt16},
    {"i", ColumnType::kInt32},    {"l", ColumnType::kInt64},
    {"C", ColumnType::kUInt8},    {"S", ColumnType::kUInt16},
    {"I", ColumnType::kUInt32},   {"L", ColumnType::kUInt64},
    {"f", ColumnType::kFloat32},  {"g", ColumnType::kFloat64},
    {"u", ColumnType::kUtf8},     {"U", ColumnType::kLargeUtf8},
    {"z", ColumnType::kBinary},   {"Z", ColumnType::kLargeBinary},
    {"tdD", ColumnType::kDate32}, {"+s", ColumnType::kStruct},
    {"+l", ColumnType::kList},    {"+L", ColumnType::kLargeList},
    {"+m", ColumnType::kMap},     {"tiM", ColumnType::kYearMonthInterval},
};

Result<int32_t> ParseNumber(std::string_view text) {
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidArgument(fmt::format("\"{}\" is not a number", text));
  }
  return value;
}

std::string_view UnsupportedName(std::string_view format) {
  if (format == "e") return "half-precision float";
  if (format.starts_with("d:")) return "decimal wider than 128 bits";
  if (format.starts_with("tt")) return "time of day";
  if (format.starts_with("tD")) return "duration";
  if (format.starts_with("ti")) return "calendar interval";
  if (format == "tdm") return "date in milliseconds";
  if (format == "vu" || format == "vz") return "string view";
  if (format.starts_with("+v")) return "list view";
  if (format.starts_with("+u")) return "union";
  if (format == "+r") return "run-end encoded";
  return "unknown type";
}

Status Refuse(std::string_view path, std::string_view format) {
  return Unsupported(
      fmt::format("column \"{}\": type {} (Arrow format \"{}\") has no document form", path,
                  UnsupportedName(format), format));
}

// "d:precision,scale" or "d:precision,scale,bits".
Status ParseDecimal(std::string_view path, std::string_view format, ColumnShape* shape) {
  std::string_view rest = format.substr(2);
  const size_t comma = rest.find(',');
  if (comma == std::string_view::npos) return Refuse(path, format);
  std::string_view scale = rest.substr(comma + 1);
  if (const size_t bits = scale.find(','); bits != std::string_view::npos) {
    if (scale.substr(bits + 1) != "128") return Refuse(path, format);
    scale = scale.substr(0, bits);
  }
  ASSIGN_OR_RETURN(const int32_t precision, ParseNumber(rest.substr(0, comma)));
  ASSIGN_OR_RETURN(const int32_t scale_value, ParseNumber(scale));
  if (precision < 1 || precision > 38 || scale_value < -38 || scale_value > 38) {
    return Refuse(path, format);
  }
  shape->type = ColumnType::kDecimal128;
  shape->precision = static_cast<uint8_t>(precision);
  shape->scale = static_cast<int8_t>(scale_value);
  return Status::Ok();
}

// "tsu:UTC": unit, then a zone or nothing.
Status ParseTimestamp(std::string_view path, std::string_view format, ColumnShape* shape) {
  constexpr std::string_view kUnits = "smun";
  if (format.size() < 4 || format[3] != ':') return Refuse(path, format);
  const size_t unit = kUnits.find(format[2]);
  if (unit == std::string_view::npos) return Refuse(path, format);
  shape->type = ColumnType::kTimestamp;
  shape->unit = static_cast<TimeUnit>(unit);
  shape->zoned = format.size() > 4;
  return Status::Ok();
}

Status ParseWidth(std::string_view digits, ColumnType type, ColumnShape* shape) {
  ASSIGN_OR_RETURN(shape->width, ParseNumber(digits));
  if (shape->width < 0) return InvalidArgument("a fixed width below zero");
  shape->type = type;
  return Status::Ok();
}

Status ParseFormat(std::string_view path, std::string_view format, ColumnShape* shape) {
  for (const SimpleFormat& simple : kSimpleFormats) {
    if (simple.format == format) {
      shape->type = simple.type;
      return Status::Ok();
    }
  }
  if (format.starts_with("d:")) return ParseDecimal(path, format, shape);
  if (format.starts_with("ts")) return ParseTimestamp(path, format, shape);
  if (format.starts_with("w:")) {
    return ParseWidth(format.substr(2), ColumnType::kFixedBinary, shape);
  }
  if (format.starts_with("+w:")) {
    return ParseWidth(format.substr(3), ColumnType::kFixedSizeList, shape);
  }
  return Refuse(path, format);
}

// Field metadata: int32 count, then for each pair int32 length and bytes of key and value, in
// native byte order (Arrow C data interface, "ArrowSchema.metadata").
std::optional<std::string_view> FindMetadata(const char* metadata, std::string_view key) {
  if (metadata == nullptr) return std::nullopt;
  const auto read_length = [&metadata] {
    int32_t length = 0;
    std::memcpy(&length, metadata, sizeof(length));
    metadata += sizeof(length);
    return length;
  };
  const auto read_text = [&] {
    const int32_t length = read_length();
    const std::string_view text(metadata, static_cast<size_t>(length));
    metadata += length;
    return text;
  };
  const int32_t pairs = read_length();
  for (int32_t i = 0; i < pairs; ++i) {
    const std::string_view found = read_text();
    const std::string_view value = read_text();
    if (found == key) return value;
  }
  return std::nullopt;
}

bool IsPlainBinary(const ColumnShape& shape) {
  return shape.type == ColumnType::kBinary || shape.type == ColumnType::kLargeBinary;
}

// Turns a struct into a variant where it is one.
void RecogniseVariant(const ArrowSchema& schema, ColumnShape* shape) {
  if (shape->type != ColumnType::kStruct || shape->children.size() != 2) return;
  const bool in_order = shape->children[0].name == "metadata";
  const ColumnShape& metadata = shape->children[in_order ? 0 : 1];
  const ColumnShape& value = shape->children[in_order ? 1 : 0];
  if (metadata.name != "metadata" || value.name != "value") return;
  if (!IsPlainBinary(metadata) || !IsPlainBinary(value)) return;
  const auto extension = FindMetadata(schema.metadata, "ARROW:extension:name");
  const bool named = extension == "parquet.variant" || extension == "arrow.parquet.variant";
  if (!named && (metadata.nullable || value.nullable)) return;
  shape->type = ColumnType::kVariant;
  if (!in_order) {
    std::swap(shape->children[0], shape->children[1]);
    std::swap(shape->child_index[0], shape->child_index[1]);
  }
}

// Intervals arrive as plain integers; the metadata tells them from numbers.
Status RecogniseInterval(std::string_view path, const ArrowSchema& schema, ColumnShape* shape) {
  const auto type = FindMetadata(schema.metadata, kTypeMetadataKey);
  if (!type) return Status::Ok();
  if (*type == "interval year to month" && shape->type == ColumnType::kInt32) {
    shape->type = ColumnType::kYearMonthInterval;
    return Status::Ok();
  }
  if (*type == "interval day to second" && shape->type == ColumnType::kInt64) {
    shape->type = ColumnType::kDayTimeInterval;
    return Status::Ok();
  }
  return Unsupported(fmt::format("column \"{}\": type {} as {} has no document form", path, *type,
                                 TypeName(*shape)));
}

Status CheckChildCount(std::string_view path, const ColumnShape& shape) {
  size_t expected = 0;
  switch (shape.type) {
    case ColumnType::kStruct:
      return Status::Ok();
    case ColumnType::kList:
    case ColumnType::kLargeList:
    case ColumnType::kFixedSizeList:
    case ColumnType::kMap:
      expected = 1;
      break;
    default:
      expected = 0;
      break;
  }
  const bool entries_ok =
      shape.type != ColumnType::kMap || shape.children.size() != 1 ||
      (shape.children[0].type == ColumnType::kStruct && shape.children[0].children.size() == 2);
  if (shape.children.size() == expected && entries_ok) return Status::Ok();
  return InvalidArgument(fmt::format("column \"{}\": the schema of a {} has the wrong children",
                                     path, TypeName(shape)));
}

Result<ColumnShape> Parse(const ArrowSchema& schema, const std::string& parent, int depth) {
  ColumnShape shape;
  shape.name = schema.name == nullptr ? "" : schema.name;
  shape.nullable = (schema.flags & ARROW_FLAG_NULLABLE) != 0;
  const std::string path = parent.empty() ? shape.name : parent + "." + shape.name;
  if (depth > kDepthMax) return Unsupported(fmt::format("column \"{}\": nested too deep", path));
  if (schema.format == nullptr) {
    return InvalidArgument(fmt::format("column \"{}\": the schema has no format", path));
  }
  if (schema.dictionary != nullptr) {
    return Unsupported(fmt::format("column \"{}\": dictionary encoding is not supported", path));
  }
  RETURN_IF_ERROR(ParseFormat(path, schema.format, &shape));
  for (int64_t i = 0; i < schema.n_children; ++i) {
    ASSIGN_OR_RETURN(ColumnShape child, Parse(*schema.children[i], path, depth + 1));
    shape.children.push_back(std::move(child));
    shape.child_index.push_back(static_cast<uint32_t>(i));
  }
  RETURN_IF_ERROR(CheckChildCount(path, shape));
  RecogniseVariant(schema, &shape);
  RETURN_IF_ERROR(RecogniseInterval(path, schema, &shape));
  return shape;
}

std::string StructName(const ColumnShape& shape) {
  std::string text = "struct<";
  for (size_t i = 0; i < shape.children.size(); ++i) {
    if (i > 0) text += ',';
    text += shape.children[i].name + ":" + TypeName(shape.children[i]);
  }
  return text + ">";
}

}  // namespace

Result<ColumnShape> ParseShape(const ArrowSchema& schema) {
  return Parse(schema, "", 0);
}

std::string TypeName(const ColumnShape& shape) {
  switch (shape.type) {
    case ColumnType::kNull:
      return "void";
    case ColumnType::kBool:
      return "boolean";
    case ColumnType::kInt8:
      return "byte";
    case ColumnType::kInt16:
      return "short";
    case ColumnType::kInt32:
      return "integer";
    case ColumnType::kInt64:
      return "long";
    case ColumnType::kUInt8:
      return "unsigned byte";
    case ColumnType::kUInt16:
      return "unsigned short";
    case ColumnType::kUInt32:
      return "unsigned integer";
    case ColumnType::kUInt64:
      return "unsigned long";
    case ColumnType::kFloat32:
      return "float";
    case ColumnType::kFloat64:
      return "double";
    case ColumnType::kDecimal128:
      return fmt::format("decimal({},{})", shape.precision, shape.scale);
    case ColumnType::kDate32:
      return "date";
    case ColumnType::kTimestamp:
      return shape.zoned ? "timestamp" : "timestamp_ntz";
    case ColumnType::kYearMonthInterval:
      return "interval year to month";
    case ColumnType::kDayTimeInterval:
      return "interval day to second";
    case ColumnType::kUtf8:
    case ColumnType::kLargeUtf8:
      return "string";
    case ColumnType::kBinary:
    case ColumnType::kLargeBinary:
      return "binary";
    case ColumnType::kFixedBinary:
      return fmt::format("binary({})", shape.width);
    case ColumnType::kStruct:
      return StructName(shape);
    case ColumnType::kVariant:
      return "variant";
    case ColumnType::kList:
    case ColumnType::kLargeList:
    case ColumnType::kFixedSizeList:
      return shape.children.empty() ? "list" : "list<" + TypeName(shape.children[0]) + ">";
    case ColumnType::kMap:
      break;
  }
  if (shape.children.empty() || shape.children[0].children.size() != 2) return "map";
  const std::vector<ColumnShape>& entry = shape.children[0].children;
  return "map<" + TypeName(entry[0]) + "," + TypeName(entry[1]) + ">";
}

bool SameLayout(const ColumnShape& a, const ColumnShape& b) {
  if (a.type != b.type || a.unit != b.unit || a.zoned != b.zoned || a.scale != b.scale ||
      a.width != b.width || a.child_index != b.child_index) {
    return false;
  }
  for (size_t i = 0; i < a.children.size(); ++i) {
    const bool named = a.type == ColumnType::kStruct;
    if (named && a.children[i].name != b.children[i].name) return false;
    if (!SameLayout(a.children[i], b.children[i])) return false;
  }
  return true;
}

bool IsInteger(ColumnType type) {
  return type >= ColumnType::kInt8 && type <= ColumnType::kUInt64;
}

bool IsString(ColumnType type) {
  return type == ColumnType::kUtf8 || type == ColumnType::kLargeUtf8;
}

bool IsBinary(ColumnType type) {
  return type == ColumnType::kBinary || type == ColumnType::kLargeBinary ||
         type == ColumnType::kFixedBinary;
}

bool IsNested(ColumnType type) {
  return type >= ColumnType::kStruct;
}

}  // namespace spillway
