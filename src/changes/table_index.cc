#include "changes/table_index.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace spillway {
namespace {

constexpr std::string_view kListFormat = "spillway-index-1";
constexpr const char* kListName = "LIST";
constexpr uint64_t kListBytesMax = 16 << 20;
// So many are merged whatever their sizes; looking up then takes that many files at most.
constexpr size_t kPartsMax = 12;
// A part joins those behind it when it is not larger than this many times all of them.
constexpr uint64_t kGrowth = 2;

std::string Fingerprint(std::string_view text) {
  const Hash128 hash = Murmur3x64_128(text);
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

// A list of texts, each with its length in front.
class TextWriter {
 public:
  void Add(std::string_view text) {
    text_ += fmt::format("{}:", text.size());
    text_ += text;
    text_ += '\n';
  }
  void Add(uint64_t number) { Add(std::string_view(fmt::format("{}", number))); }
  std::string text_;
};

class TextReader {
 public:
  explicit TextReader(std::string_view text) : left_(text) {}
  std::optional<std::string_view> Text() {
    const std::optional<uint64_t> size = NumberBefore(':');
    if (!size.has_value() || left_.size() <= *size || left_[*size] != '\n') return std::nullopt;
    const std::string_view text = left_.substr(0, *size);
    left_.remove_prefix(*size + 1);
    return text;
  }
  std::optional<uint64_t> Number() {
    const std::optional<std::string_view> text = Text();
    uint64_t number = 0;
    if (!text.has_value() || !Parse(*text, number)) return std::nullopt;
    return number;
  }

 private:
  static bool Parse(std::string_view text, uint64_t& number) {
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && at == end;
  }
  std::optional<uint64_t> NumberBefore(char mark) {
    const size_t at = left_.find(mark);
    uint64_t number = 0;
    if (at == std::string_view::npos || !Parse(left_.substr(0, at), number)) return std::nullopt;
    left_.remove_prefix(at + 1);
    return number;
  }

  std::string_view left_;
};

Status SyncFolder(const std::string& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return Unavailable(fmt::format("opening {}: {}", folder, std::strerror(errno)));
  const bool synced = fsync(file) == 0;
  const int error = errno;
  close(file);
  if (synced) return Status::Ok();
  return Unavailable(fmt::format("syncing {}: {}", folder, std::strerror(error)));
}

Result<const IndexEntry*> Advance(IndexCursor* cursor) {
  if (cursor == nullptr) return static_cast<const IndexEntry*>(nullptr);
  return cursor->Next();
}

// Two lists as one; where both have an identity, the newer one's entry is taken.
Status MergeEntries(IndexCursor* older, const TableIndex::Entries& newer, IndexFileWriter& writer) {
  ASSIGN_OR_RETURN(const IndexEntry* old, Advance(older));
  ASSIGN_OR_RETURN(const IndexEntry* next, newer.next());
  while (old != nullptr || next != nullptr) {
    const bool take_old = next == nullptr || (old != nullptr && old->identity < next->identity);
    const bool both = old != nullptr && next != nullptr && old->identity == next->identity;
    RETURN_IF_ERROR(writer.Append(take_old ? *old : *next));
    if (take_old || both) {
      ASSIGN_OR_RETURN(old, Advance(older));
    }
    if (!take_old) {
      ASSIGN_OR_RETURN(next, newer.next());
    }
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<TableIndex>> TableIndex::Open(const std::string& folder,
                                                     const std::string& pipeline,
                                                     const std::string& mapping_hash) {
  std::unique_ptr<TableIndex> index(
      new TableIndex(fmt::format("{}/{}.index", folder, FileNameFor(pipeline)), mapping_hash));
  RETURN_IF_ERROR(index->Load());
  return index;
}

Status TableIndex::Damaged(std::string_view what) const {
  return DataLoss(fmt::format("the index in {} is damaged: {}", folder_, what))
      .WithHint(fmt::format("remove {}: it is made anew of the version that was read last, as long "
                            "as the table has it; else run: spillway sync PIPELINE --resync",
                            folder_));
}

Status TableIndex::Load() {
  const std::string path = fmt::format("{}/{}", folder_, kListName);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    RemoveUnlisted();
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<SpillFile> file, SpillFile::Open(path));
  if (file->size() > kListBytesMax) return Damaged("its list is too long");
  std::string text(file->size(), '\0');
  RETURN_IF_ERROR(file->ReadAt(0, text.data(), text.size()));
  RETURN_IF_ERROR(ParseList(text));
  RemoveUnlisted();
  return OpenParts();
}

Status TableIndex::ParseList(std::string_view text) {
  constexpr size_t kFingerprintBytes = 32;
  if (text.size() < kFingerprintBytes ||
      Fingerprint(text.substr(kFingerprintBytes)) != text.substr(0, kFingerprintBytes)) {
    return Damaged("the checksum of its list is wrong");
  }
  TextReader reader(text.substr(kFingerprintBytes));
  if (reader.Text() != kListFormat) return Damaged("its list is of another version of Spillway");
  if (reader.Text() != mapping_hash_) return Status::Ok();  // of another mapping: as if none
  next_file_ = reader.Number().value_or(0);
  uint64_t columns = reader.Number().value_or(0);
  for (; columns > 0; --columns) columns_.emplace_back(reader.Text().value_or(""));
  uint64_t parts = reader.Number().value_or(0);
  for (; parts > 0; --parts) {
    Part part;
    part.file = reader.Text().value_or("");
    part.from = reader.Text().value_or("");
    part.to = reader.Text().value_or("");
    part.rows = reader.Number().value_or(0);
    part.bytes = reader.Number().value_or(0);
    parts_.push_back(std::move(part));
  }
  return Status::Ok();
}

Status TableIndex::OpenParts() {
  for (Part& part : parts_) {
    if (part.file.empty()) continue;
    const std::string path = fmt::format("{}/{}", folder_, part.file);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return Damaged(part.file + " is gone");
    ASSIGN_OR_RETURN(part.content, SpillFile::Open(path));
    if (part.content->size() != part.bytes) {
      return Damaged(fmt::format("{} has {} bytes, and should have {}", part.file,
                                 part.content->size(), part.bytes));
    }
  }
  return Status::Ok();
}

std::string TableIndex::ListText() const {
  TextWriter text;
  text.Add(kListFormat);
  text.Add(mapping_hash_);
  text.Add(next_file_);
  text.Add(uint64_t{columns_.size()});
  for (const std::string& column : columns_) text.Add(column);
  text.Add(uint64_t{parts_.size()});
  for (const Part& part : parts_) {
    text.Add(part.file);
    text.Add(part.from);
    text.Add(part.to);
    text.Add(part.rows);
    text.Add(part.bytes);
  }
  return Fingerprint(text.text_) + text.text_;
}

Status TableIndex::StoreList() {
  const std::string path = fmt::format("{}/{}", folder_, kListName);
  const std::string beside = path + ".new";
  const std::string text = ListText();
  ASSIGN_OR_RETURN(const std::unique_ptr<SpillFile> file, SpillFile::Open(beside));
  RETURN_IF_ERROR(file->Truncate(0));
  RETURN_IF_ERROR(file->Append(text.data(), text.size()));
  RETURN_IF_ERROR(file->Sync());
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    return Unavailable(fmt::format("renaming {}: {}", beside, std::strerror(errno)));
  }
  return SyncFolder(folder_);
}

// What a run that died has left, and what was merged. A file too many does no harm.
void TableIndex::RemoveUnlisted() const {
  std::error_code error;
  std::filesystem::directory_iterator file(folder_, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    const std::string name = file->path().filename().string();
    const bool listed =
        name == kListName || std::any_of(parts_.begin(), parts_.end(),
                                         [&](const Part& part) { return part.file == name; });
    if (!listed) std::filesystem::remove(file->path(), error);
  }
}

IndexStanding TableIndex::StandingAt(std::string_view position) const {
  if (parts_.empty()) return IndexStanding::kNone;
  const std::string here = Fingerprint(position);
  if (parts_.back().to == here) return IndexStanding::kCurrent;
  return parts_.back().from == here ? IndexStanding::kBegun : IndexStanding::kNone;
}

uint64_t TableIndex::rows() const {
  uint64_t rows = 0;
  for (const Part& part : parts_) rows += part.rows;
  return rows;
}

uint64_t TableIndex::bytes() const {
  uint64_t bytes = 0;
  for (const Part& part : parts_) bytes += part.bytes;
  return bytes;
}

std::vector<std::shared_ptr<const SpillFile>> TableIndex::Files(size_t first) const {
  std::vector<std::shared_ptr<const SpillFile>> files;
  for (size_t i = first; i < parts_.size(); ++i) {
    if (parts_[i].content != nullptr) files.push_back(parts_[i].content);
  }
  return files;
}

Result<std::unique_ptr<IndexCursor>> TableIndex::Read(std::string_view position) const {
  const IndexStanding standing = StandingAt(position);
  if (standing == IndexStanding::kNone) return Internal("reading an index of another checkpoint");
  const bool uncertain = standing == IndexStanding::kBegun && parts_.back().content != nullptr;
  return IndexCursor::Open(Files(0), {.last_is_uncertain = uncertain});
}

Result<TableIndex::Part> TableIndex::WritePart(const WriteEntries& write) {
  Part part;
  part.file = fmt::format("{:08}.part", next_file_++);
  ASSIGN_OR_RETURN(std::shared_ptr<SpillFile> file,
                   SpillFile::Open(fmt::format("{}/{}", folder_, part.file)));
  RETURN_IF_ERROR(file->Truncate(0));
  IndexFileWriter writer(file);
  RETURN_IF_ERROR(write(writer));
  RETURN_IF_ERROR(writer.Finish());
  part.rows = writer.rows();
  if (part.rows == 0) {
    RETURN_IF_ERROR(file->Remove());
    part.file.clear();
    return part;
  }
  RETURN_IF_ERROR(file->Sync());
  part.bytes = file->size();
  part.content = std::move(file);
  return part;
}

Status TableIndex::Replace(std::vector<Part> parts) {
  std::swap(parts_, parts);
  Status stored = StoreList();
  if (!stored.ok()) {
    std::swap(parts_, parts);
    return std::move(stored).WithContext("storing the index");
  }
  RemoveUnlisted();
  return Status::Ok();
}

Status TableIndex::WriteBase(std::string_view position, std::vector<std::string> columns,
                             const WriteEntries& write) {
  ASSIGN_OR_RETURN(Part base, WritePart(write));
  base.to = Fingerprint(position);
  columns_ = std::move(columns);
  std::vector<Part> parts;
  parts.push_back(std::move(base));
  return Replace(std::move(parts));
}

Status TableIndex::BeginWindow(std::string_view after, std::string_view through,
                               std::vector<std::string> columns, const Entries& entries) {
  const IndexStanding standing = StandingAt(after);
  if (standing == IndexStanding::kNone) return Internal("moving an index of another checkpoint");
  std::vector<Part> parts = parts_;
  std::unique_ptr<IndexCursor> begun;
  if (standing == IndexStanding::kBegun) {
    if (parts.back().content != nullptr) {
      ASSIGN_OR_RETURN(begun,
                       IndexCursor::Open({parts.back().content}, {.last_is_uncertain = true}));
    }
    parts.pop_back();
  }
  ASSIGN_OR_RETURN(Part part, WritePart([&](IndexFileWriter& writer) {
                     return MergeEntries(begun.get(), entries, writer);
                   }));
  part.from = Fingerprint(after);
  part.to = Fingerprint(through);
  parts.push_back(std::move(part));
  columns_ = std::move(columns);
  return Replace(std::move(parts));
}

Status TableIndex::Compact() {
  if (parts_.size() < 2) return Status::Ok();
  size_t first = parts_.size() - 1;
  uint64_t bytes = parts_[first].bytes;
  while (first > 0 && (parts_[first - 1].bytes <= kGrowth * bytes || first >= kPartsMax)) {
    bytes += parts_[--first].bytes;
  }
  if (first + 1 == parts_.size()) return Status::Ok();
  ASSIGN_OR_RETURN(const std::unique_ptr<IndexCursor> cursor,
                   IndexCursor::Open(Files(first), {.keep_removed = first > 0}));
  ASSIGN_OR_RETURN(Part merged, WritePart([&](IndexFileWriter& writer) -> Status {
                     while (true) {
                       ASSIGN_OR_RETURN(const IndexEntry* entry, cursor->Next());
                       if (entry == nullptr) return Status::Ok();
                       RETURN_IF_ERROR(writer.Append(*entry));
                     }
                   }));
  merged.from = parts_[first].from;
  merged.to = parts_.back().to;
  std::vector<Part> parts(parts_.begin(), parts_.begin() + static_cast<int64_t>(first));
  parts.push_back(std::move(merged));
  return Replace(std::move(parts));
}

}  // namespace spillway
