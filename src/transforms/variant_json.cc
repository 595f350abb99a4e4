#include "transforms/variant_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace spillway {
namespace {

// Recursion is bounded here even where the destination sets no limit.
constexpr uint32_t kDepthMax = 512;

enum BasicType : uint8_t { kPrimitive = 0, kShortString = 1, kObject = 2, kArray = 3 };

enum PrimitiveType : uint8_t {
  kNull = 0,
  kTrue = 1,
  kFalse = 2,
  kInt8 = 3,
  kInt16 = 4,
  kInt32 = 5,
  kInt64 = 6,
  kDouble = 7,
  kDecimal4 = 8,
  kDecimal8 = 9,
  kDecimal16 = 10,
  kDate = 11,
  kTimestampMicros = 12,
  kTimestampNtzMicros = 13,
  kFloat = 14,
  kBinary = 15,
  kString = 16,
  kTimeMicros = 17,
  kTimestampNanos = 18,
  kTimestampNtzNanos = 19,
  kUuid = 20,
};

// Little-endian reads that check their bounds; after a failure `ok` stays false.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  uint64_t Unsigned(size_t at, size_t width) {
    const std::string_view part = Slice(at, width);
    uint64_t value = 0;
    for (size_t i = 0; i < part.size(); ++i) {
      value |= static_cast<uint64_t>(static_cast<uint8_t>(part[i])) << (8 * i);
    }
    return value;
  }
  template <typename T>
  T Value(size_t at) {
    T value{};
    const std::string_view part = Slice(at, sizeof(T));
    if (!part.empty()) std::memcpy(&value, part.data(), sizeof(T));
    return value;
  }
  std::string_view Slice(size_t at, size_t size) {
    if (at > bytes_.size() || size > bytes_.size() - at) ok_ = false;
    return ok_ ? bytes_.substr(at, size) : std::string_view();
  }
  std::string_view From(size_t at) {
    return Slice(at, at > bytes_.size() ? 1 : bytes_.size() - at);
  }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

class VariantWriter {
 public:
  VariantWriter(std::string_view metadata, size_t values_max, const ValuePlan& plan,
                ScalarWriter* scalars, JsonBuffer* out)
      : metadata_(metadata),
        plan_(plan),
        scalars_(*scalars),
        out_(*out),
        values_left_(values_max) {}

  bool ReadMetadata() {
    const uint64_t header = metadata_.Unsigned(0, 1);
    if ((header & 15) != 1) return Broken("metadata of an unknown version");
    offset_width_ = (header >> 6) + 1;
    name_count_ = metadata_.Unsigned(1, offset_width_);
    return metadata_.ok() || Broken("metadata that is cut off");
  }

  bool Write(std::string_view bytes, uint32_t depth) {
    Bytes value(bytes);
    const uint64_t header = value.Unsigned(0, 1);
    if (!value.ok()) return Broken("a value that is cut off");
    // Every value takes a byte, so more values than bytes means that they share theirs.
    if (values_left_-- == 0) return Broken("values that overlap");
    const auto info = static_cast<uint8_t>(header >> 2);
    out_.Ensure(kScalarBytesMax);
    switch (header & 3) {
      case kPrimitive:
        return WritePrimitive(info, &value);
      case kShortString:
        return WriteString(value.Slice(1, info), value);
      default:
        break;
    }
    if (depth >= std::min(plan_.depth_left, kDepthMax)) {
      return scalars_.Refuse(plan_, "too_deep", "the variant is nested deeper than allowed");
    }
    return (header & 3) == kObject ? WriteObject(info, &value, depth)
                                   : WriteArray(info, &value, depth);
  }

 private:
  bool Broken(std::string_view what) {
    return scalars_.Refuse(plan_, "invalid_variant", fmt::format("a variant with {}", what));
  }

  bool WriteString(std::string_view text, const Bytes& value) {
    if (!value.ok()) return Broken("a string that is cut off");
    return scalars_.String(plan_, text, false);
  }

  bool WriteDecimal(Bytes* value, size_t width) {
    const uint64_t scale = value->Unsigned(1, 1);
    __int128 unscaled = 0;
    if (width == 4) unscaled = value->Value<int32_t>(2);
    if (width == 8) unscaled = value->Value<int64_t>(2);
    if (width == 16) unscaled = value->Value<__int128>(2);
    if (!value->ok() || scale > 38) return Broken("a broken decimal");
    return scalars_.Decimal(plan_, unscaled, static_cast<int>(scale));
  }

  bool WriteTimestamp(Bytes* value, TimeUnit unit, bool zoned) {
    const auto time = value->Value<int64_t>(1);
    if (!value->ok()) return Broken("a timestamp that is cut off");
    return scalars_.Timestamp(plan_, SplitTime(time, unit), zoned);
  }

  bool WriteTimeOfDay(Bytes* value) {
    const auto micros = value->Value<int64_t>(1);
    constexpr int64_t kMicrosPerDay = 86'400'000'000;
    if (!value->ok() || micros < 0 || micros >= kMicrosPerDay)
      return Broken("a broken time of day");
    char text[kTimeBytesMax];
    char* const end = WriteTime(SplitTime(micros, TimeUnit::kMicro), false, text);
    constexpr size_t kDateBytes = 11;  // "1970-01-01T"
    out_.Put('"');
    out_.PutText({text + kDateBytes, static_cast<size_t>(end - text) - kDateBytes});
    out_.Put('"');
    return true;
  }

  bool WriteUuid(std::string_view bytes) {
    if (bytes.empty()) return Broken("a UUID that is cut off");
    constexpr char kHex[] = "0123456789abcdef";
    out_.Put('"');
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) out_.Put('-');
      out_.Put(kHex[static_cast<uint8_t>(bytes[i]) >> 4]);
      out_.Put(kHex[static_cast<uint8_t>(bytes[i]) & 15]);
    }
    out_.Put('"');
    return true;
  }

  template <typename T>
  bool WriteInteger(Bytes* value) {
    const auto number = value->Value<T>(1);
    return value->ok() ? scalars_.Int64(plan_, number) : Broken("a number that is cut off");
  }

  bool WriteFloating(Bytes* value, bool narrow) {
    const double wide = narrow ? 0 : value->Value<double>(1);
    const float single = narrow ? value->Value<float>(1) : 0;
    if (!value->ok()) return Broken("a number that is cut off");
    return narrow ? scalars_.Float(plan_, single) : scalars_.Double(plan_, wide);
  }

  bool WriteBinary(Bytes* value) {
    const std::string_view bytes = value->Slice(5, value->Unsigned(1, 4));
    if (!value->ok()) return Broken("a binary that is cut off");
    scalars_.Binary(bytes);
    return true;
  }

  bool WriteDate(Bytes* value) {
    const auto days = value->Value<int32_t>(1);
    return value->ok() ? scalars_.Date(plan_, days) : Broken("a date that is cut off");
  }

  bool WriteWord(std::string_view word) {
    out_.PutText(word);
    return true;
  }

  bool WritePrimitive(uint8_t type, Bytes* value) {
    switch (type) {
      case kNull:
        return WriteWord("null");
      case kTrue:
        return WriteWord("true");
      case kFalse:
        return WriteWord("false");
      case kInt8:
        return WriteInteger<int8_t>(value);
      case kInt16:
        return WriteInteger<int16_t>(value);
      case kInt32:
        return WriteInteger<int32_t>(value);
      case kInt64:
        return WriteInteger<int64_t>(value);
      case kDouble:
        return WriteFloating(value, false);
      case kFloat:
        return WriteFloating(value, true);
      case kDecimal4:
        return WriteDecimal(value, 4);
      case kDecimal8:
        return WriteDecimal(value, 8);
      case kDecimal16:
        return WriteDecimal(value, 16);
      case kDate:
        return WriteDate(value);
      case kTimestampMicros:
        return WriteTimestamp(value, TimeUnit::kMicro, true);
      case kTimestampNtzMicros:
        return WriteTimestamp(value, TimeUnit::kMicro, false);
      case kTimestampNanos:
        return WriteTimestamp(value, TimeUnit::kNano, true);
      case kTimestampNtzNanos:
        return WriteTimestamp(value, TimeUnit::kNano, false);
      case kTimeMicros:
        return WriteTimeOfDay(value);
      case kBinary:
        return WriteBinary(value);
      case kString:
        return WriteString(value->Slice(5, value->Unsigned(1, 4)), *value);
      case kUuid:
        return WriteUuid(value->Slice(1, 16));
      default:
        return Broken(fmt::format("a value of the unknown type {}", type));
    }
  }

  // The field name of the dictionary's entry `id`.
  std::optional<std::string_view> Name(uint64_t id) {
    if (id >= name_count_) return std::nullopt;
    const size_t offsets = 1 + offset_width_;
    const uint64_t begin = metadata_.Unsigned(offsets + id * offset_width_, offset_width_);
    const uint64_t end = metadata_.Unsigned(offsets + (id + 1) * offset_width_, offset_width_);
    if (begin > end) return std::nullopt;
    const std::string_view name =
        metadata_.Slice(offsets + (name_count_ + 1) * offset_width_ + begin, end - begin);
    return metadata_.ok() ? std::optional(name) : std::nullopt;
  }

  bool WriteObject(uint8_t info, Bytes* value, uint32_t depth) {
    const size_t offset_width = (info & 3) + 1u;
    const size_t id_width = (info >> 2 & 3) + 1u;
    const size_t count_width = (info >> 4 & 1) != 0 ? 4 : 1;
    const uint64_t count = value->Unsigned(1, count_width);
    const size_t ids = 1 + count_width;
    const size_t offsets = ids + count * id_width;
    const size_t values = offsets + (count + 1) * offset_width;
    std::optional<std::string_view> previous;
    out_.Put('{');
    for (uint64_t i = 0; i < count; ++i) {
      const auto name = Name(value->Unsigned(ids + i * id_width, id_width));
      if (!value->ok() || !name) return Broken("a field without a name");
      // The encoding orders fields by name, so twins stand side by side.
      if (previous == name) {
        return scalars_.Refuse(plan_, "map_key_duplicate",
                               fmt::format("the variant has the field \"{}\" twice", *name));
      }
      previous = name;
      if (!scalars_.String(plan_, *name, false)) return false;
      out_.Append(":");
      const uint64_t at = value->Unsigned(offsets + i * offset_width, offset_width);
      const std::string_view element = value->From(values + at);
      if (!value->ok() || !Write(element, depth + 1)) return FieldBroken(*value);
      out_.Append(",");
    }
    out_.Ensure(1);
    out_.Close('}');
    return value->ok() || Broken("an object that is cut off");
  }

  bool WriteArray(uint8_t info, Bytes* value, uint32_t depth) {
    const size_t offset_width = (info & 3) + 1u;
    const size_t count_width = (info >> 2 & 1) != 0 ? 4 : 1;
    const uint64_t count = value->Unsigned(1, count_width);
    const size_t offsets = 1 + count_width;
    const size_t values = offsets + (count + 1) * offset_width;
    out_.Put('[');
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t at = value->Unsigned(offsets + i * offset_width, offset_width);
      const std::string_view element = value->From(values + at);
      if (!value->ok() || !Write(element, depth + 1)) return FieldBroken(*value);
      out_.Append(",");
    }
    out_.Ensure(1);
    out_.Close(']');
    return value->ok() || Broken("an array that is cut off");
  }

  // An inner value has said why itself; a failed read has not.
  bool FieldBroken(const Bytes& value) {
    return value.ok() ? false : Broken("an offset outside its data");
  }

  Bytes metadata_;
  const ValuePlan& plan_;
  ScalarWriter& scalars_;
  JsonBuffer& out_;
  size_t offset_width_ = 1;
  uint64_t name_count_ = 0;
  size_t values_left_;
};

}  // namespace

bool AppendVariant(std::string_view metadata, std::string_view value, const ValuePlan& plan,
                   ScalarWriter* scalars, JsonBuffer* out) {
  VariantWriter writer(metadata, value.size() + 1, plan, scalars, out);
  return writer.ReadMetadata() && writer.Write(value, 0);
}

}  // namespace spillway
