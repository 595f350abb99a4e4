#include "transforms/column_maker.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "transforms/array_export.h"
#include "transforms/base64.h"
#include "transforms/json_value.h"

namespace spillway {
namespace {

namespace ondemand = simdjson::ondemand;
using ondemand::json_type;
using simdjson::error_code;
using Bytes = ArrayBuffer;

constexpr size_t kShownMax = 40;  // of a value, in a message

// What the makers have in common: names for messages, and which rows are null.
class Maker : public ColumnMaker {
 public:
  Maker(std::string path, std::string type, Misfits& misfits)
      : path_(std::move(path)), type_(std::move(type)), misfits_(misfits) {}

  error_code Append(ondemand::value value) final {
    json_type type{};
    const error_code error = value.type().get(type);
    if (error != simdjson::SUCCESS) return error;
    if (type == json_type::null) {
      AppendNull();
      return simdjson::SUCCESS;
    }
    return AppendValue(value, type);
  }

 protected:
  virtual error_code AppendValue(ondemand::value& value, json_type type) = 0;

  void AddValidity(bool valid) {
    const auto bit = static_cast<size_t>(length_++);
    if (bit / 8 >= validity_.size()) validity_.push_back(0);
    if (valid) {
      validity_[bit / 8] |= static_cast<uint8_t>(1u << (bit % 8));
    } else {
      ++nulls_;
    }
  }

  // REQUIRES: nothing was read of the value yet.
  error_code AppendMisfit(ondemand::value& value) {
    ++misfits_.count;
    if (misfits_.first.empty()) {
      std::string_view shown = TokenOf(value);
      const bool cut = shown.size() > kShownMax;
      if (cut) shown = shown.substr(0, kShownMax);
      misfits_.first = fmt::format("column {}: {}{} is no {}", path_, shown, cut ? "…" : "", type_);
    }
    AppendNull();
    return simdjson::SUCCESS;
  }

  void TakeArray(std::vector<Bytes> buffers, std::vector<ArrowArray> children, ArrowArray* out) {
    buffers.insert(buffers.begin(), std::exchange(validity_, {}));
    ExportArray(std::exchange(length_, 0), std::exchange(nulls_, 0), std::move(buffers),
                std::move(children), out);
  }

 private:
  const std::string path_;
  const std::string type_;
  Misfits& misfits_;
  Bytes validity_;
  int64_t length_ = 0;
  int64_t nulls_ = 0;
};

class NullMaker final : public Maker {
 public:
  using Maker::Maker;
  void AppendNull() override { ++rows_; }
  void Take(ArrowArray* out) override {
    const int64_t rows = std::exchange(rows_, 0);
    ExportArray(rows, rows, {}, {}, out);
  }

 private:
  error_code AppendValue(ondemand::value& value, json_type) override { return AppendMisfit(value); }
  int64_t rows_ = 0;
};

class BoolMaker final : public Maker {
 public:
  using Maker::Maker;
  void AppendNull() override { Add(false, false); }
  void Take(ArrowArray* out) override {
    std::vector<Bytes> buffers;
    buffers.push_back(std::exchange(bits_, {}));
    rows_ = 0;
    TakeArray(std::move(buffers), {}, out);
  }

 private:
  error_code AppendValue(ondemand::value& value, json_type) override {
    bool is = false;
    if (value.get_bool().get(is) != simdjson::SUCCESS) return AppendMisfit(value);
    Add(is, true);
    return simdjson::SUCCESS;
  }
  void Add(bool is, bool valid) {
    if (rows_ / 8 >= bits_.size()) bits_.push_back(0);
    if (is) bits_[rows_ / 8] |= static_cast<uint8_t>(1u << (rows_ % 8));
    ++rows_;
    AddValidity(valid);
  }
  Bytes bits_;
  size_t rows_ = 0;
};

// Values of one width; `read` gives nullopt for what does not fit.
template <typename T, typename Read>
class FixedMaker final : public Maker {
 public:
  FixedMaker(std::string path, std::string type, Misfits& misfits, Read read)
      : Maker(std::move(path), std::move(type), misfits), read_(std::move(read)) {}
  void AppendNull() override {
    PutValue(T{}, &data_);
    AddValidity(false);
  }
  void Take(ArrowArray* out) override {
    std::vector<Bytes> buffers;
    buffers.push_back(std::exchange(data_, {}));
    TakeArray(std::move(buffers), {}, out);
  }

 private:
  error_code AppendValue(ondemand::value& value, json_type type) override {
    const std::optional<T> read = read_(value, type);
    if (!read.has_value()) return AppendMisfit(value);
    PutValue(*read, &data_);
    AddValidity(true);
    return simdjson::SUCCESS;
  }
  const Read read_;
  Bytes data_;
};

// Text and binary: offsets and bytes.
template <typename Offset>
class BytesMaker final : public Maker {
 public:
  BytesMaker(std::string path, std::string type, Misfits& misfits, bool binary)
      : Maker(std::move(path), std::move(type), misfits), binary_(binary) {
    PutValue(Offset{0}, &offsets_);
  }
  void AppendNull() override { End(false); }
  void AppendText(std::string_view text) override {
    data_.insert(data_.end(), text.begin(), text.end());
    End(true);
  }
  void Take(ArrowArray* out) override {
    std::vector<Bytes> buffers;
    buffers.push_back(std::exchange(offsets_, {}));
    buffers.push_back(std::exchange(data_, {}));
    PutValue(Offset{0}, &offsets_);
    TakeArray(std::move(buffers), {}, out);
  }

 private:
  error_code AppendValue(ondemand::value& value, json_type type) override {
    std::string_view text;
    if (binary_) return AppendBinary(value, type);
    if (type == json_type::string) {
      if (value.get_string().get(text) != simdjson::SUCCESS) return AppendMisfit(value);
    } else {
      const error_code error = JsonOf(value, type, &text);
      if (error != simdjson::SUCCESS) return error;
    }
    AppendText(type == json_type::string ? text : TrimmedJson(text));
    return simdjson::SUCCESS;
  }
  error_code AppendBinary(ondemand::value& value, json_type type) {
    std::string bytes;
    if (type != json_type::string || !ReadBase64(UnquotedToken(value), &bytes)) {
      return AppendMisfit(value);
    }
    AppendText(bytes);
    return simdjson::SUCCESS;
  }
  void End(bool valid) {
    PutValue(static_cast<Offset>(data_.size()), &offsets_);
    AddValidity(valid);
  }
  const bool binary_;
  Bytes offsets_;
  Bytes data_;
};

using MakerPointer = std::unique_ptr<ColumnMaker>;

template <typename Offset>
class ListMaker final : public Maker {
 public:
  ListMaker(std::string path, std::string type, Misfits& misfits, MakerPointer elements)
      : Maker(std::move(path), std::move(type), misfits), elements_(std::move(elements)) {
    PutValue(Offset{0}, &offsets_);
  }
  void AppendNull() override { End(false); }
  void Take(ArrowArray* out) override {
    std::vector<Bytes> buffers;
    buffers.push_back(std::exchange(offsets_, {}));
    std::vector<ArrowArray> children(1);
    elements_->Take(children.data());
    taken_ = 0;
    PutValue(Offset{0}, &offsets_);
    TakeArray(std::move(buffers), std::move(children), out);
  }

 private:
  error_code AppendValue(ondemand::value& value, json_type type) override {
    if (type != json_type::array) return AppendMisfit(value);
    ondemand::array array;
    error_code error = value.get_array().get(array);
    if (error != simdjson::SUCCESS) return error;
    for (auto element : array) {
      ondemand::value inner;
      error = element.get(inner);
      if (error == simdjson::SUCCESS) error = elements_->Append(inner);
      if (error != simdjson::SUCCESS) return error;
      ++taken_;
    }
    End(true);
    return simdjson::SUCCESS;
  }
  void End(bool valid) {
    PutValue(static_cast<Offset>(taken_), &offsets_);
    AddValidity(valid);
  }
  const MakerPointer elements_;
  int64_t taken_ = 0;
  Bytes offsets_;
};

class MapMaker final : public Maker {
 public:
  MapMaker(std::string path, std::string type, Misfits& misfits, MakerPointer keys,
           MakerPointer values)
      : Maker(std::move(path), std::move(type), misfits),
        keys_(std::move(keys)),
        values_(std::move(values)) {
    PutValue(int32_t{0}, &offsets_);
  }
  void AppendNull() override { End(false); }
  void Take(ArrowArray* out) override {
    std::vector<ArrowArray> pair(2), children(1);
    keys_->Take(&pair[0]);
    values_->Take(&pair[1]);
    ExportArray(std::exchange(taken_, 0), 0, {Bytes()}, std::move(pair), children.data());
    std::vector<Bytes> buffers;
    buffers.push_back(std::exchange(offsets_, {}));
    PutValue(int32_t{0}, &offsets_);
    TakeArray(std::move(buffers), std::move(children), out);
  }

 private:
  error_code AppendValue(ondemand::value& value, json_type type) override {
    if (type != json_type::object) return AppendMisfit(value);
    ondemand::object object;
    error_code error = value.get_object().get(object);
    if (error != simdjson::SUCCESS) return error;
    for (auto entry : object) {
      ondemand::field field;
      std::string_view name;
      error = std::move(entry).get(field);
      if (error == simdjson::SUCCESS) error = field.unescaped_key().get(name);
      if (error != simdjson::SUCCESS) return error;
      keys_->AppendText(name);
      error = values_->Append(field.value());
      if (error != simdjson::SUCCESS) return error;
      ++taken_;
    }
    End(true);
    return simdjson::SUCCESS;
  }
  void End(bool valid) {
    PutValue(static_cast<int32_t>(taken_), &offsets_);
    AddValidity(valid);
  }
  const MakerPointer keys_;
  const MakerPointer values_;
  int64_t taken_ = 0;
  Bytes offsets_;
};

class StructColumnMaker final : public Maker {
 public:
  StructColumnMaker(std::string path, std::string type, Misfits& misfits,
                    std::unique_ptr<StructMaker> fields)
      : Maker(std::move(path), std::move(type), misfits), fields_(std::move(fields)) {}
  void AppendNull() override {
    fields_->AppendNull();
    AddValidity(false);
  }
  void Take(ArrowArray* out) override { TakeArray({}, fields_->Take(), out); }

 private:
  error_code AppendValue(ondemand::value& value, json_type type) override {
    if (type != json_type::object) return AppendMisfit(value);
    ondemand::object object;
    error_code error = value.get_object().get(object);
    if (error == simdjson::SUCCESS) error = fields_->Append(object);
    if (error == simdjson::SUCCESS) AddValidity(true);
    return error;
  }
  const std::unique_ptr<StructMaker> fields_;
};

// Makes the maker of one column.
struct Factory {
  const ColumnShape& shape;
  std::string path;
  std::string type;
  const DocumentColumnsOptions& options;
  Misfits& misfits;

  template <typename T, typename Read>
  MakerPointer Fixed(Read read) {
    return std::make_unique<FixedMaker<T, Read>>(path, type, misfits, std::move(read));
  }
  template <typename M, typename... Arguments>
  MakerPointer Of(Arguments&&... arguments) {
    return std::make_unique<M>(path, type, misfits, std::forward<Arguments>(arguments)...);
  }
  Result<MakerPointer> Child(size_t index, const std::string& name) {
    return ColumnMaker::Make(shape.children[index], name, options, misfits);
  }
  Status NotReadable() const {
    return Unsupported(fmt::format("column {} cannot be read: no document fills a column of {}",
                                   path, type))
        .WithHint("read it as a string and convert it");
  }

  Result<MakerPointer> Scalar();
  Result<MakerPointer> Nested();
};

Result<MakerPointer> Factory::Scalar() {
  const bool millis = options.epoch_millis;
  switch (shape.type) {
    case ColumnType::kNull:
      return Of<NullMaker>();
    case ColumnType::kBool:
      return Of<BoolMaker>();
    case ColumnType::kInt8:
      return Fixed<int8_t>(&ReadIntegerOf<int8_t>);
    case ColumnType::kInt16:
      return Fixed<int16_t>(&ReadIntegerOf<int16_t>);
    case ColumnType::kInt32:
      return Fixed<int32_t>(&ReadIntegerOf<int32_t>);
    case ColumnType::kInt64:
      return Fixed<int64_t>(&ReadIntegerOf<int64_t>);
    case ColumnType::kFloat32:
      return Fixed<float>(&ReadFloating<float>);
    case ColumnType::kFloat64:
      return Fixed<double>(&ReadFloating<double>);
    case ColumnType::kDecimal128:
      if (shape.scale < 0) return NotReadable();
      return Fixed<__int128>([precision = int{shape.precision}, scale = int{shape.scale}](
                                 ondemand::value& value, json_type kind) {
        return ReadDecimal(value, kind, precision, scale);
      });
    case ColumnType::kDate32:
      return Fixed<int32_t>([millis](ondemand::value& value, json_type kind) {
        return ReadDate(value, kind, millis);
      });
    case ColumnType::kTimestamp:
      if (shape.unit != TimeUnit::kMicro) return NotReadable();
      return Fixed<int64_t>([millis](ondemand::value& value, json_type kind) {
        return ReadTimestamp(value, kind, millis);
      });
    default:
      return Nested();
  }
}

Result<MakerPointer> Factory::Nested() {
  switch (shape.type) {
    case ColumnType::kUtf8:
    case ColumnType::kBinary:
      return Of<BytesMaker<int32_t>>(shape.type == ColumnType::kBinary);
    case ColumnType::kLargeUtf8:
    case ColumnType::kLargeBinary:
      return Of<BytesMaker<int64_t>>(shape.type == ColumnType::kLargeBinary);
    case ColumnType::kList: {
      ASSIGN_OR_RETURN(MakerPointer elements, Child(0, path + "[]"));
      return Of<ListMaker<int32_t>>(std::move(elements));
    }
    case ColumnType::kLargeList: {
      ASSIGN_OR_RETURN(MakerPointer elements, Child(0, path + "[]"));
      return Of<ListMaker<int64_t>>(std::move(elements));
    }
    case ColumnType::kStruct: {
      ASSIGN_OR_RETURN(auto fields, StructMaker::Make(shape, path + ".", options, misfits));
      return Of<StructColumnMaker>(std::move(fields));
    }
    case ColumnType::kMap: {
      const std::vector<ColumnShape>& pair = shape.children[0].children;
      if (!IsString(pair[0].type)) return NotReadable();
      ASSIGN_OR_RETURN(MakerPointer keys,
                       ColumnMaker::Make(pair[0], path + "{}", options, misfits));
      ASSIGN_OR_RETURN(MakerPointer values,
                       ColumnMaker::Make(pair[1], path + "{}", options, misfits));
      return Of<MapMaker>(std::move(keys), std::move(values));
    }
    default:
      return NotReadable();
  }
}

}  // namespace

void TakeStruct(int64_t rows, std::vector<ArrowArray> children, ArrowArray* out) {
  ExportArray(rows, 0, {Bytes()}, std::move(children), out);
}

Result<std::unique_ptr<ColumnMaker>> ColumnMaker::Make(const ColumnShape& shape, std::string path,
                                                       const DocumentColumnsOptions& options,
                                                       Misfits& misfits) {
  Factory factory{shape, std::move(path), TypeName(shape), options, misfits};
  return factory.Scalar();
}

Result<std::unique_ptr<StructMaker>> StructMaker::Make(const ColumnShape& shape,
                                                       const std::string& prefix,
                                                       const DocumentColumnsOptions& options,
                                                       Misfits& misfits) {
  auto made = std::make_unique<StructMaker>();
  for (const ColumnShape& child : shape.children) {
    ASSIGN_OR_RETURN(auto maker, ColumnMaker::Make(child, prefix + child.name, options, misfits));
    made->names_.push_back(child.name);
    made->children_.push_back(std::move(maker));
  }
  made->seen_.resize(made->children_.size());
  return made;
}

size_t StructMaker::Find(std::string_view name, size_t expected) const {
  if (expected < names_.size() && names_[expected] == name) return expected;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return i;
  }
  return names_.size();
}

error_code StructMaker::Append(ondemand::object object, size_t except) {
  seen_.assign(seen_.size(), false);
  size_t next = 0;
  for (auto entry : object) {
    ondemand::field field;
    std::string_view name;
    error_code error = std::move(entry).get(field);
    if (error == simdjson::SUCCESS) error = field.unescaped_key().get(name);
    if (error != simdjson::SUCCESS) return error;
    const size_t index = Find(name, next);
    if (index == children_.size() || index == except) continue;
    if (seen_[index]) return kDuplicate;
    seen_[index] = true;
    error = children_[index]->Append(field.value());
    if (error != simdjson::SUCCESS) return error;
    next = index + 1;
  }
  for (size_t i = 0; i < children_.size(); ++i) {
    if (!seen_[i] && i != except) children_[i]->AppendNull();
  }
  return simdjson::SUCCESS;
}

void StructMaker::AppendNull() {
  for (const auto& child : children_) child->AppendNull();
}

std::vector<ArrowArray> StructMaker::Take() {
  std::vector<ArrowArray> taken(children_.size());
  for (size_t i = 0; i < children_.size(); ++i) children_[i]->Take(&taken[i]);
  return taken;
}

}  // namespace spillway
