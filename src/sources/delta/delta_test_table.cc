#include "sources/delta/delta_test_table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "base/check.h"

namespace spillway {
namespace {

const std::filesystem::path kTestdata = SPILLWAY_SOURCE_DIR "/src/sources/delta/testdata";

std::filesystem::path NewFolder() {
  static std::atomic<int> count{0};
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("spillway-delta-{}-{}", getpid(), count++);
  std::filesystem::create_directories(folder);
  return folder;
}

void AppendLittleEndian(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

// ZeroMQ RFC 32. REQUIRES: a multiple of four bytes.
std::string Z85(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  SPILLWAY_CHECK(bytes.size() % 4 == 0);
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 4) {
    uint32_t value = 0;
    for (size_t j = 0; j < 4; ++j) value = value << 8 | static_cast<uint8_t>(bytes[i + j]);
    for (uint32_t divisor = 85 * 85 * 85 * 85; divisor > 0; divisor /= 85) {
      out += kAlphabet[value / divisor % 85];
    }
  }
  return out;
}

bool IsNull(const ArrowArray& array, int64_t row) {
  if (array.n_buffers == 0) return true;  // the null type
  const auto* bits = static_cast<const uint8_t*>(array.buffers[0]);
  const int64_t at = array.offset + row;
  return bits != nullptr && (bits[at / 8] >> (at % 8) & 1) == 0;
}

template <typename T>
T ValueAt(const ArrowArray& array, int64_t row, int buffer = 1) {
  return static_cast<const T*>(array.buffers[buffer])[array.offset + row];
}

std::string Text(const ArrowSchema& schema, const ArrowArray& array, int64_t row);

std::string TextOfChildren(const ArrowSchema& schema, const ArrowArray& array, int64_t row) {
  std::string out = "{";
  for (int64_t i = 0; i < schema.n_children; ++i) {
    if (i > 0) out += ',';
    out += fmt::format("{}:{}", schema.children[i]->name,
                       Text(*schema.children[i], *array.children[i], array.offset + row));
  }
  return out + '}';
}

std::string TextOfList(const ArrowSchema& schema, const ArrowArray& array, int64_t row) {
  std::string out = "[";
  const int32_t end = ValueAt<int32_t>(array, row + 1);
  for (int32_t i = ValueAt<int32_t>(array, row); i < end; ++i) {
    if (out.size() > 1) out += ',';
    out += Text(*schema.children[0], *array.children[0], i);
  }
  return out + ']';
}

std::string TextOfBytes(const ArrowArray& array, int64_t row) {
  const int32_t begin = ValueAt<int32_t>(array, row);
  const int32_t end = ValueAt<int32_t>(array, row + 1);
  return std::string(static_cast<const char*>(array.buffers[2]) + begin, end - begin);
}

std::string Hex(const std::string& bytes) {
  std::string out = "x";
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return out;
}

std::string Text(const ArrowSchema& schema, const ArrowArray& array, int64_t row) {
  if (IsNull(array, row)) return "∅";
  const std::string_view format = schema.format;
  if (format == "c") return std::to_string(ValueAt<int8_t>(array, row));
  if (format == "s") return std::to_string(ValueAt<int16_t>(array, row));
  if (format == "i" || format == "tdD") return std::to_string(ValueAt<int32_t>(array, row));
  if (format == "l" || format == "tsu:UTC" || format == "tsu:") {
    return std::to_string(ValueAt<int64_t>(array, row));
  }
  if (format == "f") return fmt::format("{}", ValueAt<float>(array, row));
  if (format == "g") return fmt::format("{}", ValueAt<double>(array, row));
  if (format == "b") {
    const int64_t at = array.offset + row;
    return (static_cast<const uint8_t*>(array.buffers[1])[at / 8] >> (at % 8) & 1) ? "true"
                                                                                   : "false";
  }
  if (format == "u") return TextOfBytes(array, row);
  if (format == "z") return Hex(TextOfBytes(array, row));
  if (format.starts_with("d:")) return fmt::format("{}", ValueAt<__int128>(array, row));
  if (format == "+s") return TextOfChildren(schema, array, row);
  if (format == "+l" || format == "+m") return TextOfList(schema, array, row);
  return fmt::format("?{}", format);
}

// Statistics and deletion vector, with the commas in front.
std::string RestOf(const AddOptions& options) {
  std::string rest;
  if (!options.stats.empty()) {
    std::string escaped;
    for (const char c : options.stats) {
      if (c == '"') escaped += '\\';
      escaped += c;
    }
    rest += fmt::format(R"(,"stats":"{}")", escaped);
  }
  if (!options.deletion_vector.empty()) {
    rest += fmt::format(R"(,"deletionVector":{})", options.deletion_vector);
  }
  return rest;
}

}  // namespace

DeltaTestTable::DeltaTestTable() : root_(NewFolder()) {}

DeltaTestTable::~DeltaTestTable() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

DeltaTestTable& DeltaTestTable::Commit(const std::vector<std::string>& actions) {
  std::string content;
  for (const std::string& action : actions) content += action + '\n';
  return Write(fmt::format("_delta_log/{:020}.json", next_version_++), content);
}

DeltaTestTable& DeltaTestTable::ContinueAt(int64_t version) {
  next_version_ = version;
  return *this;
}

DeltaTestTable& DeltaTestTable::Write(const std::string& path, std::string_view content) {
  std::filesystem::create_directories((root_ / path).parent_path());
  std::ofstream(root_ / path, std::ios::binary) << content;
  return *this;
}

DeltaTestTable& DeltaTestTable::Place(const std::string& path, const std::string& testdata) {
  std::filesystem::create_directories((root_ / path).parent_path());
  std::filesystem::copy_file(kTestdata / testdata, root_ / path);
  return *this;
}

uint64_t TestdataSize(const std::string& testdata) {
  return std::filesystem::file_size(kTestdata / testdata);
}

std::string ProtocolAction(const std::string& json) {
  return fmt::format(R"({{"protocol":{{{}}}}})", json);
}

std::string Field(const std::string& name, const std::string& type, const std::string& metadata) {
  return fmt::format(R"({{"name":"{}","type":{},"nullable":true,"metadata":{{{}}}}})", name, type,
                     metadata);
}

std::string Simple(const std::string& name, const std::string& type) {
  return Field(name, "\"" + type + "\"");
}

std::string MetadataAction(const std::string& columns, const std::string& partitions,
                           const std::string& configuration, const std::string& id) {
  std::string escaped;
  for (const char c : fmt::format(R"({{"type":"struct","fields":[{}]}})", columns)) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return fmt::format(
      R"({{"metaData":{{"id":"{}","format":{{"provider":"parquet","options":{{}}}},)"
      R"("schemaString":"{}","partitionColumns":[{}],"configuration":{{{}}},"createdTime":0}}}})",
      id, escaped, partitions, configuration);
}

std::string AddAction(const std::string& path, uint64_t size, const AddOptions& options) {
  return fmt::format(
      R"({{"add":{{"path":"{}","partitionValues":{{{}}},"size":{},"modificationTime":0,)"
      R"("dataChange":true{}}}}})",
      path, options.partition_values, size, RestOf(options));
}

std::string RemoveAction(const std::string& path, uint64_t size, const AddOptions& options) {
  return fmt::format(R"({{"remove":{{"path":"{}","deletionTimestamp":1,"dataChange":true,)"
                     R"("extendedFileMetadata":true,"partitionValues":{{{}}},"size":{}{}}}}})",
                     path, options.partition_values, size, RestOf(options));
}

std::string FeedAction(const std::string& path, uint64_t size,
                       const std::string& partition_values) {
  return fmt::format(
      R"({{"cdc":{{"path":"{}","partitionValues":{{{}}},"size":{},"dataChange":false}}}})", path,
      partition_values, size);
}

std::string RowsFields() {
  const std::string map =
      R"({"type":"map","keyType":"string","valueType":"integer","valueContainsNull":true})";
  const std::string address = fmt::format(R"({{"type":"struct","fields":[{},{}]}})",
                                          Simple("street", "string"), Simple("zip", "integer"));
  const std::string tags = R"({"type":"array","elementType":"string","containsNull":true})";
  return Simple("id", "long") + ',' + Simple("name", "string") + ',' +
         Simple("price", "decimal(10,2)") + ',' + Simple("created", "timestamp") + ',' +
         Simple("local", "timestamp_ntz") + ',' + Simple("day", "date") + ',' +
         Simple("ratio", "double") + ',' + Simple("flag", "boolean") + ',' +
         Simple("data", "binary") + ',' + Field("tags", tags) + ',' + Field("counts", map) + ',' +
         Field("address", address);
}

// Delta protocol, "Deletion Vector Format"; Roaring format specification, "no run container".
std::string InlineDeletionVector(const std::vector<uint16_t>& rows) {
  std::string bytes;
  AppendLittleEndian(bytes, 1681511377, 4);  // magic number
  AppendLittleEndian(bytes, 1, 8);           // one bitmap
  AppendLittleEndian(bytes, 0, 4);           // of the rows below 2^32
  AppendLittleEndian(bytes, 12346, 4);       // cookie: no run containers
  AppendLittleEndian(bytes, 1, 4);           // one container
  AppendLittleEndian(bytes, 0, 2);           // of the rows below 2^16
  AppendLittleEndian(bytes, rows.size() - 1, 2);
  AppendLittleEndian(bytes, 16, 4);  // where its values begin, from the cookie on
  for (const uint16_t row : rows) AppendLittleEndian(bytes, row, 2);
  const size_t size = bytes.size();
  bytes.resize((size + 3) / 4 * 4);
  std::string encoded;
  for (const char c : Z85(bytes)) {
    if (c == '\\' || c == '"') encoded += '\\';
    encoded += c;
  }
  return fmt::format(
      R"({{"storageType":"i","pathOrInlineDv":"{}","sizeInBytes":{},"cardinality":{}}})", encoded,
      size, rows.size());
}

std::vector<std::string> RenderRows(const Batch& batch) {
  const ArrowSchema& schema = batch.schema->get();
  const ArrowArray& array = batch.columns.get();
  std::vector<std::string> rows;
  for (int64_t row = 0; row < array.length; ++row) {
    std::string text;
    for (int64_t i = 0; i < schema.n_children; ++i) {
      if (i > 0) text += '|';
      text += Text(*schema.children[i], *array.children[i], array.offset + row);
    }
    rows.push_back(text);
  }
  return rows;
}

std::vector<std::string> ReadRows(const Snapshot& snapshot) {
  std::vector<std::string> rows;
  for (uint32_t i = 0; i < snapshot.splits().size(); ++i) {
    auto reader = snapshot.OpenSplit(i, 0, {});
    if (!reader.ok()) return {reader.status().ToString()};
    while (true) {
      const auto batch = (*reader)->Next({});
      if (!batch.ok()) return {batch.status().ToString()};
      if (!batch->has_value()) break;
      for (std::string& row : RenderRows(**batch)) rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<std::string> RenderImages(const ImageBatch& batch) {
  std::vector<std::string> rows = RenderRows(batch.rows);
  SPILLWAY_CHECK(rows.size() == batch.images.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].insert(0, batch.images[i] == Image::kNew ? "+" : "-");
  }
  return rows;
}

std::vector<std::string> ReadImages(const VersionChanges& changes) {
  std::vector<std::string> images;
  for (uint32_t i = 0; i < changes.splits().size(); ++i) {
    auto reader = changes.OpenSplit(i, {});
    if (!reader.ok()) return {reader.status().ToString()};
    while (true) {
      const auto batch = (*reader)->Next({});
      if (!batch.ok()) return {batch.status().ToString()};
      if (!batch->has_value()) break;
      for (std::string& image : RenderImages(**batch)) images.push_back(std::move(image));
    }
  }
  return images;
}

}  // namespace spillway
