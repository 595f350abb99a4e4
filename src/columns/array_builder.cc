#include "columns/array_builder.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "base/check.h"

namespace spillway {
namespace {

using Buffer = std::shared_ptr<std::vector<uint8_t>>;

// Exactly as large as its content, so that a sanitizer sees reads past the end.
Buffer ToBuffer(const void* data, size_t size) {
  auto buffer = std::make_shared<std::vector<uint8_t>>(size);
  if (size > 0) std::memcpy(buffer->data(), data, size);
  return buffer;
}

template <typename T>
Buffer ToBuffer(const std::vector<T>& values) {
  return ToBuffer(values.data(), values.size() * sizeof(T));
}

Buffer Bitmap(const std::vector<bool>& bits) {
  auto buffer = std::make_shared<std::vector<uint8_t>>((bits.size() + 7) / 8);
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) (*buffer)[i / 8] |= static_cast<uint8_t>(1u << (i % 8));
  }
  return buffer;
}

template <typename T>
std::vector<bool> Validity(const Values<T>& values) {
  std::vector<bool> valid;
  for (const auto& value : values) valid.push_back(value.has_value());
  return valid;
}

void SetValidity(const std::vector<bool>& valid, BuiltColumn* column) {
  column->length = static_cast<int64_t>(valid.size());
  for (const bool present : valid) column->null_count += present ? 0 : 1;
  column->buffers.push_back(column->null_count > 0 ? Bitmap(valid) : nullptr);
}

template <typename T>
BuiltColumn Fixed(std::string format, const Values<T>& values) {
  BuiltColumn column;
  column.format = std::move(format);
  SetValidity(Validity(values), &column);
  std::vector<T> dense;
  for (const auto& value : values) dense.push_back(value.value_or(T{}));
  column.buffers.push_back(ToBuffer(dense));
  return column;
}

template <typename Offset>
BuiltColumn Variable(std::string format, const Values<std::string>& values) {
  BuiltColumn column;
  column.format = std::move(format);
  SetValidity(Validity(values), &column);
  std::vector<Offset> offsets{0};
  std::string data;
  for (const auto& value : values) {
    if (value) data += *value;
    offsets.push_back(static_cast<Offset>(data.size()));
  }
  column.buffers.push_back(ToBuffer(offsets));
  column.buffers.push_back(ToBuffer(data.data(), data.size()));
  return column;
}

template <typename Offset>
BuiltColumn ListOf(std::string format, const char* child_name, BuiltColumn elements,
                   const Values<int32_t>& sizes) {
  BuiltColumn column;
  column.format = std::move(format);
  SetValidity(Validity(sizes), &column);
  std::vector<Offset> offsets{0};
  for (const auto& size : sizes) offsets.push_back(offsets.back() + size.value_or(0));
  SPILLWAY_CHECK(offsets.back() == elements.length);
  column.buffers.push_back(ToBuffer(offsets));
  column.children.emplace_back(child_name, std::move(elements));
  return column;
}

// What the C structs point into; freed by their release callbacks.
struct SchemaParts {
  std::string format, name, metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
};
struct ArrayParts {
  std::vector<Buffer> buffers;
  std::vector<const void*> pointers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
};

template <typename Parts, typename T>
void Release(T* self) {
  auto* parts = static_cast<Parts*>(self->private_data);
  for (T& child : parts->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete parts;
  self->release = nullptr;
}

std::string EncodeMetadata(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  const auto add_length = [&out](size_t size) {
    const auto length = static_cast<int32_t>(size);
    out.append(reinterpret_cast<const char*>(&length), sizeof(length));
  };
  add_length(pairs.size());
  for (const auto& [key, value] : pairs) {
    add_length(key.size());
    out += key;
    add_length(value.size());
    out += value;
  }
  return out;
}

void FillSchema(const std::string& name, const BuiltColumn& column, ArrowSchema* out) {
  auto* parts = new SchemaParts;
  parts->format = column.format;
  parts->name = name;
  parts->children.resize(column.children.size());
  for (size_t i = 0; i < column.children.size(); ++i) {
    FillSchema(column.children[i].first, column.children[i].second, &parts->children[i]);
    parts->child_pointers.push_back(&parts->children[i]);
  }
  *out = ArrowSchema{};
  if (!column.metadata.empty()) {
    parts->metadata = EncodeMetadata(column.metadata);
    out->metadata = parts->metadata.data();
  }
  out->format = parts->format.c_str();
  out->name = parts->name.c_str();
  out->flags = column.nullable ? ARROW_FLAG_NULLABLE : 0;
  out->n_children = static_cast<int64_t>(parts->children.size());
  out->children = parts->child_pointers.data();
  out->release = &Release<SchemaParts, ArrowSchema>;
  out->private_data = parts;
}

void FillArray(const BuiltColumn& column, ArrowArray* out) {
  auto* parts = new ArrayParts;
  parts->buffers = column.buffers;
  for (const Buffer& buffer : parts->buffers) {
    parts->pointers.push_back(buffer == nullptr ? nullptr : buffer->data());
  }
  parts->children.resize(column.children.size());
  for (size_t i = 0; i < column.children.size(); ++i) {
    FillArray(column.children[i].second, &parts->children[i]);
    parts->child_pointers.push_back(&parts->children[i]);
  }
  *out = ArrowArray{};
  out->length = column.length;
  out->null_count = column.null_count;
  out->n_buffers = static_cast<int64_t>(parts->pointers.size());
  out->buffers = parts->pointers.data();
  out->n_children = static_cast<int64_t>(parts->children.size());
  out->children = parts->child_pointers.data();
  out->release = &Release<ArrayParts, ArrowArray>;
  out->private_data = parts;
}

}  // namespace

BuiltColumn Nulls(int64_t rows) {
  BuiltColumn column;
  column.format = "n";
  column.length = rows;
  column.null_count = rows;
  return column;
}

BuiltColumn Bools(const Values<bool>& values) {
  BuiltColumn column;
  column.format = "b";
  SetValidity(Validity(values), &column);
  std::vector<bool> bits;
  for (const auto& value : values) bits.push_back(value.value_or(false));
  column.buffers.push_back(Bitmap(bits));
  return column;
}

BuiltColumn Int8s(const Values<int8_t>& values) {
  return Fixed("c", values);
}
BuiltColumn Int16s(const Values<int16_t>& values) {
  return Fixed("s", values);
}
BuiltColumn Int32s(const Values<int32_t>& values) {
  return Fixed("i", values);
}
BuiltColumn Int64s(const Values<int64_t>& values) {
  return Fixed("l", values);
}
BuiltColumn UInt8s(const Values<uint8_t>& values) {
  return Fixed("C", values);
}
BuiltColumn UInt16s(const Values<uint16_t>& values) {
  return Fixed("S", values);
}
BuiltColumn UInt32s(const Values<uint32_t>& values) {
  return Fixed("I", values);
}
BuiltColumn UInt64s(const Values<uint64_t>& values) {
  return Fixed("L", values);
}
BuiltColumn Floats(const Values<float>& values) {
  return Fixed("f", values);
}
BuiltColumn Doubles(const Values<double>& values) {
  return Fixed("g", values);
}
BuiltColumn Strings(const Values<std::string>& values) {
  return Variable<int32_t>("u", values);
}
BuiltColumn LargeStrings(const Values<std::string>& values) {
  return Variable<int64_t>("U", values);
}
BuiltColumn Binaries(const Values<std::string>& values) {
  return Variable<int32_t>("z", values);
}
BuiltColumn LargeBinaries(const Values<std::string>& values) {
  return Variable<int64_t>("Z", values);
}

BuiltColumn FixedBinaries(int32_t width, const Values<std::string>& values) {
  BuiltColumn column;
  column.format = fmt::format("w:{}", width);
  SetValidity(Validity(values), &column);
  std::string data;
  for (const auto& value : values) {
    data += value.value_or(std::string(static_cast<size_t>(width), '\0'));
  }
  SPILLWAY_CHECK(data.size() == values.size() * static_cast<size_t>(width));
  column.buffers.push_back(ToBuffer(data.data(), data.size()));
  return column;
}

BuiltColumn Decimals(int precision, int scale, const Values<__int128>& values) {
  return Fixed(fmt::format("d:{},{}", precision, scale), values);
}

BuiltColumn Dates(const Values<int32_t>& values) {
  return Fixed("tdD", values);
}

BuiltColumn Timestamps(TimeUnit unit, const std::string& zone, const Values<int64_t>& values) {
  const char letter = "smun"[static_cast<int>(unit)];
  return Fixed(fmt::format("ts{}:{}", letter, zone), values);
}

BuiltColumn YearMonthIntervals(const Values<int32_t>& months) {
  return WithMetadata(Int32s(months), kTypeMetadataKey, "interval year to month");
}

BuiltColumn DayTimeIntervals(const Values<int64_t>& micros) {
  return WithMetadata(Int64s(micros), kTypeMetadataKey, "interval day to second");
}

BuiltColumn Structs(std::vector<NamedColumn> fields, const std::vector<bool>& valid) {
  BuiltColumn column;
  column.format = "+s";
  const int64_t rows =
      fields.empty() ? static_cast<int64_t>(valid.size()) : fields[0].second.length;
  SetValidity(valid.empty() ? std::vector<bool>(static_cast<size_t>(rows), true) : valid, &column);
  for (const NamedColumn& field : fields) SPILLWAY_CHECK(field.second.length == column.length);
  column.children = std::move(fields);
  return column;
}

BuiltColumn Lists(BuiltColumn elements, const Values<int32_t>& sizes) {
  return ListOf<int32_t>("+l", "element", std::move(elements), sizes);
}

BuiltColumn LargeLists(BuiltColumn elements, const Values<int32_t>& sizes) {
  return ListOf<int64_t>("+L", "element", std::move(elements), sizes);
}

BuiltColumn FixedSizeLists(int32_t width, BuiltColumn elements, const std::vector<bool>& valid) {
  BuiltColumn column;
  column.format = fmt::format("+w:{}", width);
  SetValidity(valid, &column);
  SPILLWAY_CHECK(elements.length == column.length * width);
  column.children.emplace_back("element", std::move(elements));
  return column;
}

BuiltColumn Maps(BuiltColumn keys, BuiltColumn values, const Values<int32_t>& sizes) {
  keys.nullable = false;
  BuiltColumn entries = Structs({{"key", std::move(keys)}, {"value", std::move(values)}});
  entries.nullable = false;
  return ListOf<int32_t>("+m", "key_value", std::move(entries), sizes);
}

BuiltColumn Variants(const Values<std::pair<std::string, std::string>>& values) {
  Values<std::string> metadata, encoded;
  for (const auto& value : values) {
    metadata.emplace_back(value ? value->first : std::string());
    encoded.emplace_back(value ? value->second : std::string());
  }
  BuiltColumn first = Binaries(metadata);
  BuiltColumn second = Binaries(encoded);
  first.nullable = second.nullable = false;
  return Structs({{"metadata", std::move(first)}, {"value", std::move(second)}}, Validity(values));
}

BuiltColumn WithMetadata(BuiltColumn column, std::string key, std::string value) {
  column.metadata.emplace_back(std::move(key), std::move(value));
  return column;
}

OwnedSchema ExportSchema(const std::string& name, const BuiltColumn& column) {
  OwnedSchema schema;
  FillSchema(name, column, schema.Receive());
  return schema;
}

OwnedArray ExportArray(const BuiltColumn& column) {
  OwnedArray array;
  FillArray(column, array.Receive());
  return array;
}

Batch BuildBatch(const std::vector<NamedColumn>& columns) {
  SPILLWAY_CHECK(!columns.empty());
  const BuiltColumn table = Structs(columns);
  Batch batch;
  batch.schema = std::make_shared<const OwnedSchema>(ExportSchema("", table));
  batch.columns = ExportArray(table);
  return batch;
}

Batch SliceBatch(const std::vector<NamedColumn>& columns, int64_t offset, int64_t length) {
  Batch batch = BuildBatch(columns);
  SPILLWAY_CHECK(offset >= 0 && length >= 0 && offset + length <= batch.rows());
  batch.columns.mutable_get()->offset = offset;
  batch.columns.mutable_get()->length = length;
  return batch;
}

}  // namespace spillway
