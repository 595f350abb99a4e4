// CompactWriter: structures in the compact protocol of Apache Thrift (thrift-compact-protocol.md),
// as far as the metadata of a Parquet file goes. Inline: it belongs to one file.
#ifndef SPILLWAY_PARQUET_COMPACT_WRITER_H_
#define SPILLWAY_PARQUET_COMPACT_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spillway {

// Seven bits a byte, the lowest first (ULEB128).
inline void AppendVarint(uint64_t value, std::string* out) {
  for (; value > 0x7f; value >>= 7) out->push_back(static_cast<char>(0x80 | (value & 0x7f)));
  out->push_back(static_cast<char>(value));
}

enum class CompactType : uint8_t { kInt32 = 5, kInt64 = 6, kBinary = 8, kList = 9, kStruct = 12 };

// REQUIRES: the fields of a structure in ascending order, none 16 or more behind the one before it.
class CompactWriter {
 public:
  CompactWriter& Int32(int field, int64_t value) {
    return Header(field, CompactType::kInt32).Int(value);
  }
  CompactWriter& Int64(int field, uint64_t value) {
    return Header(field, CompactType::kInt64).Int(static_cast<int64_t>(value));
  }
  CompactWriter& Text(int field, std::string_view text) {
    return Header(field, CompactType::kBinary).TextElement(text);
  }
  CompactWriter& BeginStruct(int field) {
    return Header(field, CompactType::kStruct).BeginElement();
  }
  // So many elements follow.
  CompactWriter& BeginList(int field, CompactType type, size_t size) {
    constexpr size_t kShort = 15;
    Header(field, CompactType::kList);
    const size_t head = (size < kShort ? size : kShort) << 4 | static_cast<size_t>(type);
    out_.push_back(static_cast<char>(head));
    if (size >= kShort) AppendVarint(size, &out_);
    return *this;
  }
  // A structure in a list, or the outermost one; it ends with EndStruct.
  CompactWriter& BeginElement() {
    open_.push_back(0);
    return *this;
  }
  CompactWriter& EndStruct() {
    out_.push_back('\0');
    open_.pop_back();
    return *this;
  }
  CompactWriter& TextElement(std::string_view text) {
    AppendVarint(text.size(), &out_);
    out_ += text;
    return *this;
  }
  // The value of a field, or an element of a list.
  CompactWriter& Int(int64_t value) {
    AppendVarint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63), &out_);
    return *this;
  }
  std::string Take() { return std::move(out_); }

 private:
  CompactWriter& Header(int field, CompactType type) {
    out_.push_back(static_cast<char>((field - open_.back()) << 4 | static_cast<int>(type)));
    open_.back() = field;
    return *this;
  }

  std::string out_;
  std::vector<int> open_;  // of each structure that is open, the last field
};

}  // namespace spillway

#endif  // SPILLWAY_PARQUET_COMPACT_WRITER_H_
