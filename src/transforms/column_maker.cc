#include "transforms/column_maker.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "transforms/base64.h"
#include "transforms/exact_decimal.h"
#include "transforms/time_text.h"

namespace spillway {
namespace {

namespace ondemand = simdjson::ondemand;
using ondemand::json_type;
using simdjson::error_code;
using Bytes = std::vector<uint8_t>;

constexpr int64_t kMillisPerDay = 86'400'000;
constexpr int64_t kMicrosPerMilli = 1'000;
constexpr size_t kShownMax = 40;  // of a value, in a message

template <typename T>
void Put(T value, Bytes* out) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out->insert(out->end(), bytes, bytes + sizeof(T));
}

// What an exported array points into; freed by its release callback.
struct ArrayParts {
  std::vector<Bytes> buffers;
  std::vector<const void*> pointers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
};

void Release(ArrowArray* array) {
  auto* parts = static_cast<ArrayParts*>(array->private_data);
  for (ArrowArray& child : parts->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete parts;
  array->release = nullptr;
}

// The first of `buffers` is the validity: empty when no row is null.
void Export(int64_t length, int64_t nulls, std::vector<Bytes> buffers,
            std::vector<ArrowArray> children, ArrowArray* out) {
  auto* parts = new ArrayParts{std::move(buffers), {}, std::move(children), {}};
  for (size_t i = 0; i < parts->buffers.size(); ++i) {
    Bytes& buffer = parts->buffers[i];
    if (i > 0) buffer.reserve(1);  // an empty buffer has an address, too
    parts->pointers.push_back(i == 0 && nulls == 0 ? nullptr : buffer.data());
  }
  for (ArrowArray& child : parts->children) parts->child_pointers.push_back(&child);
  *out = ArrowArray{};
  out->length = length;
  out->null_count = nulls;
  out->n_buffers = static_cast<int64_t>(parts->pointers.size());
  out->buffers = parts->pointers.data();
  out->n_children = static_cast<int64_t>(parts->children.size());
  out->children = parts->child_pointers.data();
  out->release = &Release;
  out->private_data = parts;
}

std::string_view Trimmed(std::string_view json) {
  return json.substr(0, json.find_last_not_of(" \t\r\n") + 1);
}

std::string_view Token(ondemand::value& value) {
  return Trimmed(value.raw_json_token());
}

// The JSON of a value that is no text.
error_code JsonOf(ondemand::value& value, json_type type, std::string_view* json) {
  if (type == json_type::object) {
    ondemand::object object;
    const error_code error = value.get_object().get(object);
    return error != simdjson::SUCCESS ? error : object.raw_json().get(*json);
  }
  if (type == json_type::array) {
    ondemand::array array;
    const error_code error = value.get_array().get(array);
    return error != simdjson::SUCCESS ? error : array.raw_json().get(*json);
  }
  *json = Token(value);
  return simdjson::SUCCESS;
}

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
      std::string_view shown = Token(value);
      const bool cut = shown.size() > kShownMax;
      if (cut) shown = shown.substr(0, kShownMax);
      misfits_.first = fmt::format("column {}: {}{} is no {}", path_, shown, cut ? "…" : "", type_);
    }
    AppendNull();
    return simdjson::SUCCESS;
  }

  void TakeArray(std::vector<Bytes> buffers, std::vector<ArrowArray> children, ArrowArray* out) {
    buffers.insert(buffers.begin(), std::exchange(validity_, {}));
    Export(std::exchange(length_, 0), std::exchange(nulls_, 0), std::move(buffers),
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
    Export(rows, rows, {}, {}, out);
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
    Put(T{}, &data_);
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
    Put(*read, &data_);
    AddValidity(true);
    return simdjson::SUCCESS;
  }
  const Read read_;
  Bytes data_;
};

std::optional<int64_t> ReadInteger(ondemand::value& value, json_type type) {
  if (type != json_type::number) return std::nullopt;
  int64_t integer = 0;
  if (value.get_int64().get(integer) == simdjson::SUCCESS) return integer;
  // 5.0, and what the service makes of large integers: 1e21 does not fit.
  double number = 0;
  constexpr double kEnd = 9223372036854775808.0;
  if (value.get_double().get(number) != simdjson::SUCCESS || number != std::floor(number) ||
      number < -kEnd || number >= kEnd) {
    return std::nullopt;
  }
  return static_cast<int64_t>(number);
}

template <typename T>
std::optional<T> ReadIntegerOf(ondemand::value& value, json_type type) {
  const std::optional<int64_t> integer = ReadInteger(value, type);
  if (!integer || *integer < std::numeric_limits<T>::min() ||
      *integer > std::numeric_limits<T>::max()) {
    return std::nullopt;
  }
  return static_cast<T>(*integer);
}

template <typename T>
std::optional<T> ReadFloating(ondemand::value& value, json_type type) {
  double number = 0;
  if (type == json_type::number && value.get_double().get(number) == simdjson::SUCCESS) {
    return static_cast<T>(number);
  }
  const std::string_view token = Token(value);
  if (token == R"("NaN")") return std::numeric_limits<T>::quiet_NaN();
  if (token == R"("Infinity")") return std::numeric_limits<T>::infinity();
  if (token == R"("-Infinity")") return -std::numeric_limits<T>::infinity();
  return std::nullopt;
}

__int128 PowerOfTen(int exponent) {
  __int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// A scalar's text: of a text what it says, of a number its digits.
std::string_view Unquoted(ondemand::value& value) {
  std::string_view token = Token(value);
  if (token.size() >= 2 && token.front() == '"') token = token.substr(1, token.size() - 2);
  return token;
}

std::optional<__int128> ReadDecimal(ondemand::value& value, json_type type, int precision,
                                    int scale) {
  if (type != json_type::number && type != json_type::string) return std::nullopt;
  std::optional<ExactDecimal> read = ParseExactDecimal(Unquoted(value));
  if (!read.has_value()) return std::nullopt;
  for (; read->scale > scale; --read->scale, read->unscaled /= 10) {
    if (read->unscaled % 10 != 0) return std::nullopt;
  }
  const __int128 end = PowerOfTen(precision);
  for (; read->scale < scale; ++read->scale) {
    if (read->unscaled >= end || read->unscaled <= -end) return std::nullopt;
    read->unscaled *= 10;
  }
  if (read->unscaled >= end || read->unscaled <= -end) return std::nullopt;
  return read->unscaled;
}

std::optional<int32_t> ReadDate(ondemand::value& value, json_type type, bool epoch_millis) {
  if (type == json_type::string) return ParseDate(Unquoted(value));
  const std::optional<int64_t> number = ReadInteger(value, type);
  if (!number.has_value()) return std::nullopt;
  int64_t days = *number;
  if (epoch_millis) days = *number / kMillisPerDay - (*number % kMillisPerDay < 0 ? 1 : 0);
  if (days < INT32_MIN || days > INT32_MAX) return std::nullopt;
  return static_cast<int32_t>(days);
}

std::optional<int64_t> ReadTimestamp(ondemand::value& value, json_type type, bool epoch_millis) {
  if (type == json_type::string) return ParseTimestamp(Unquoted(value));
  const std::optional<int64_t> number = ReadInteger(value, type);
  if (!number.has_value() || !epoch_millis) return number;
  int64_t micros = 0;
  if (__builtin_mul_overflow(*number, kMicrosPerMilli, &micros)) return std::nullopt;
  return micros;
}

// Text and binary: offsets and bytes.
template <typename Offset>
class BytesMaker final : public Maker {
 public:
  BytesMaker(std::string path, std::string type, Misfits& misfits, bool binary)
      : Maker(std::move(path), std::move(type), misfits), binary_(binary) {
    Put(Offset{0}, &offsets_);
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
    Put(Offset{0}, &offsets_);
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
    AppendText(type == json_type::string ? text : Trimmed(text));
    return simdjson::SUCCESS;
  }
  error_code AppendBinary(ondemand::value& value, json_type type) {
    std::string bytes;
    if (type != json_type::string || !ReadBase64(Unquoted(value), &bytes)) {
      return AppendMisfit(value);
    }
    AppendText(bytes);
    return simdjson::SUCCESS;
  }
  void End(bool valid) {
    Put(static_cast<Offset>(data_.size()), &offsets_);
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
    Put(Offset{0}, &offsets_);
  }
  void AppendNull() override { End(false); }
  void Take(ArrowArray* out) override {
    std::vector<Bytes> buffers;
    buffers.push_back(std::exchange(offsets_, {}));
    std::vector<ArrowArray> children(1);
    elements_->Take(children.data());
    taken_ = 0;
    Put(Offset{0}, &offsets_);
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
    Put(static_cast<Offset>(taken_), &offsets_);
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
    Put(int32_t{0}, &offsets_);
  }
  void AppendNull() override { End(false); }
  void Take(ArrowArray* out) override {
    std::vector<ArrowArray> pair(2), children(1);
    keys_->Take(&pair[0]);
    values_->Take(&pair[1]);
    Export(std::exchange(taken_, 0), 0, {Bytes()}, std::move(pair), children.data());
    std::vector<Bytes> buffers;
    buffers.push_back(std::exchange(offsets_, {}));
    Put(int32_t{0}, &offsets_);
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
    Put(static_cast<int32_t>(taken_), &offsets_);
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
  Export(rows, 0, {Bytes()}, std::move(children), out);
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
