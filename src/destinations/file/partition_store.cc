#include "destinations/file/partition_store.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "json/json_buffer.h"

namespace spillway {
namespace {

constexpr size_t kHashDigits = 32;
constexpr size_t kCopyBytes = 1 << 20;
constexpr size_t kKeyBytesMax = 64 << 10;  // a line may be longer than its document by its key

bool IsDelete(const Document& document, WriteMode mode) {
  return document.intent == Intent::kDelete || mode == WriteMode::kDelete;
}

// Collects lines and appends them in large pieces.
class LineWriter {
 public:
  LineWriter(PosixFile* file, uint64_t* size) : file_(*file), size_(*size) {}

  Status Add(std::string_view line) {
    buffer_.append(line).push_back('\n');
    return buffer_.size() < kCopyBytes ? Status::Ok() : Flush();
  }
  Status Flush() {
    RETURN_IF_ERROR(file_.AppendAt(size_, buffer_));
    size_ += buffer_.size();
    buffer_.clear();
    return Status::Ok();
  }

 private:
  PosixFile& file_;
  uint64_t& size_;
  std::string buffer_;
};

// "-0123…cdef [partition key],"id"": the hash for us, the rest for people.
void AppendTombstone(const Document& document, std::string* text) {
  text->append(fmt::format("-{:016x}{:016x} {},", document.identity.high, document.identity.low,
                           document.partition_key));
  JsonBuffer buffer(text);
  buffer.AppendString(document.id);
  buffer.Append("\n");
  buffer.Finish();
}

// A newline can only stand between JSON tokens, where a space means the same.
void AppendDocument(std::string_view body, std::string* text) {
  const size_t start = text->size();
  text->append(body);
  std::replace_if(
      text->begin() + static_cast<std::ptrdiff_t>(start), text->end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
  text->push_back('\n');
}

std::optional<Hash128> ParseTombstone(std::string_view line) {
  if (line.size() < 1 + kHashDigits) return std::nullopt;
  Hash128 hash;
  const char* const digits = line.data() + 1;
  const auto high = std::from_chars(digits, digits + 16, hash.high, 16);
  const auto low = std::from_chars(digits + 16, digits + kHashDigits, hash.low, 16);
  const bool whole = high.ptr == digits + 16 && low.ptr == digits + kHashDigits;
  return whole ? std::optional(hash) : std::nullopt;
}

}  // namespace

PartitionStore::PartitionStore(std::string stem, std::vector<std::string> paths,
                               size_t document_bytes_max, bool sync)
    : part_path_(stem + ".jsonl"),
      journal_path_(stem + ".journal"),
      paths_(std::move(paths)),
      line_bytes_max_(document_bytes_max + kKeyBytesMax),
      sync_(sync) {}

Status PartitionStore::OpenJournal() {
  if (journal_.is_open()) return Status::Ok();
  ASSIGN_OR_RETURN(PosixFile journal, PosixFile::Open(journal_path_, O_RDWR | O_CREAT));
  // What a crash left of an unfinished line was never acknowledged.
  LineReader lines(&journal, line_bytes_max_);
  uint64_t complete = 0;
  while (true) {
    ASSIGN_OR_RETURN(const auto line, lines.Next());
    if (!line) break;
    complete = lines.line_end();
  }
  RETURN_IF_ERROR(journal.Truncate(complete));
  journal_ = std::move(journal);
  journal_bytes_ = complete;
  return Status::Ok();
}

Result<Hash128> PartitionStore::IdentityOf(std::string_view line) {
  if (line.starts_with('-')) {
    const auto hash = ParseTombstone(line);
    if (!hash) return DataLoss("a line that is neither a document nor a delete");
    return *hash;
  }
  if (!keys_) {
    ASSIGN_OR_RETURN(keys_, DocumentKeyReader::Make(paths_, NumberForm::kAsWritten));
  }
  std::string partition_key;
  std::string id;
  RETURN_IF_ERROR(keys_->Read(line, &partition_key, &id));
  return DocumentIdentity(partition_key, id);
}

Status PartitionStore::ForEachLine(const PosixFile& file, const Visit& visit) {
  LineReader lines(&file, line_bytes_max_);
  while (true) {
    ASSIGN_OR_RETURN(const auto line, lines.Next());
    if (!line) return Status::Ok();
    const auto identity = IdentityOf(*line);
    if (!identity.ok()) {
      return Status(identity.status())
          .WithContext(fmt::format("{} at byte {}", file.path(), lines.line_begin()));
    }
    RETURN_IF_ERROR(visit(*identity, *line, lines.line_begin()));
  }
}

Status PartitionStore::LoadIndex() {
  if (index_) return Status::Ok();
  std::unordered_set<Hash128, HashOfIdentity> index;
  const auto note = [&index](const Hash128& identity, std::string_view line, uint64_t) {
    line.starts_with('-') ? void(index.erase(identity)) : void(index.insert(identity));
    return Status::Ok();
  };
  auto part = PosixFile::Open(part_path_, O_RDONLY);
  if (part.ok()) {
    RETURN_IF_ERROR(ForEachLine(*part, note));
  } else if (part.status().code() != StatusCode::kNotFound) {
    return std::move(part).status();
  }
  RETURN_IF_ERROR(ForEachLine(journal_, note));
  index_ = std::move(index);
  return Status::Ok();
}

// What the mode makes of one document; its line, if any, goes to `text`.
RowOutcome PartitionStore::Plan(const Document& document, WriteMode mode, std::string* text) {
  const bool exists = index_ && index_->contains(document.identity);
  if (IsDelete(document, mode)) {
    if (mode != WriteMode::kMirror && mode != WriteMode::kDelete) return RowOutcome::kSuppressed;
    if (!exists) return RowOutcome::kNotFound;
    AppendTombstone(document, text);
    return RowOutcome::kDeleted;
  }
  if (mode == WriteMode::kAppend && exists) return RowOutcome::kSuppressed;
  if (mode == WriteMode::kUpdate && !exists) return RowOutcome::kSuppressed;
  AppendDocument(document.body, text);
  // Without the index nobody looked; and what is there may be this very document, sent before.
  if (!index_ || (exists && document.after_unsure)) return RowOutcome::kUpserted;
  return exists ? RowOutcome::kReplaced : RowOutcome::kInserted;
}

Status PartitionStore::Apply(std::span<const Document* const> documents, WriteMode mode,
                             std::vector<RowOutcome>* outcomes) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(OpenJournal());
  const bool must_know = mode == WriteMode::kAppend || mode == WriteMode::kUpdate ||
                         std::any_of(documents.begin(), documents.end(),
                                     [&](const Document* d) { return IsDelete(*d, mode); });
  if (must_know) RETURN_IF_ERROR(LoadIndex());
  std::string text;
  std::vector<RowOutcome> planned;
  for (const Document* document : documents) planned.push_back(Plan(*document, mode, &text));
  Status written = journal_.AppendAt(journal_bytes_, text);
  if (written.ok() && sync_) {
    // The kernel may or may not have written it: only reading it back would tell.
    const Status synced = journal_.Sync();
    if (!synced.ok()) written = Unsure(std::string(synced.message()));
  }
  if (written.code() == StatusCode::kUnsure) Forget();
  RETURN_IF_ERROR(std::move(written));
  journal_bytes_ += text.size();
  for (size_t i = 0; i < documents.size() && index_; ++i) {
    if (planned[i] == RowOutcome::kSuppressed) continue;
    if (IsDelete(*documents[i], mode)) {
      index_->erase(documents[i]->identity);
    } else {
      index_->insert(documents[i]->identity);
    }
  }
  outcomes->insert(outcomes->end(), planned.begin(), planned.end());
  return Status::Ok();
}

// The journal is read again before it is used again.
void PartitionStore::Forget() {
  journal_ = PosixFile();
  journal_bytes_ = 0;
  index_.reset();
}

Status PartitionStore::Compact() {
  std::lock_guard lock(mutex_);
  return CompactLocked();
}

Status PartitionStore::CompactLocked() {
  if (!journal_.is_open() && !std::filesystem::exists(journal_path_)) return Status::Ok();
  RETURN_IF_ERROR(OpenJournal());
  if (journal_bytes_ == 0) return Status::Ok();
  ASSIGN_OR_RETURN(const LastWrites last, ScanJournal());
  const std::string temporary = part_path_ + ".new";
  ASSIGN_OR_RETURN(PosixFile out, PosixFile::Open(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  uint64_t size = 0;
  RETURN_IF_ERROR(CopyPart(last, &out, &size));
  RETURN_IF_ERROR(CopyJournal(last, &out, &size));
  if (sync_) RETURN_IF_ERROR(out.Sync());
  RETURN_IF_ERROR(RenameFile(temporary, part_path_));
  if (sync_) {
    RETURN_IF_ERROR(SyncFolder(std::filesystem::path(part_path_).parent_path().string()));
  }
  RETURN_IF_ERROR(journal_.Truncate(0));
  journal_bytes_ = 0;
  return Status::Ok();
}

Result<PartitionStore::LastWrites> PartitionStore::ScanJournal() {
  LastWrites last;
  RETURN_IF_ERROR(
      ForEachLine(journal_, [&last](const Hash128& identity, std::string_view, uint64_t at) {
        last[identity] = at;
        return Status::Ok();
      }));
  return last;
}

Status PartitionStore::CopyPart(const LastWrites& newer, PosixFile* out, uint64_t* size) {
  const auto part = PosixFile::Open(part_path_, O_RDONLY);
  if (part.status().code() == StatusCode::kNotFound) return Status::Ok();
  if (!part.ok()) return part.status();
  LineWriter writer(out, size);
  RETURN_IF_ERROR(ForEachLine(*part, [&](const Hash128& identity, std::string_view line, uint64_t) {
    return newer.contains(identity) ? Status::Ok() : writer.Add(line);
  }));
  return writer.Flush();
}

Status PartitionStore::CopyJournal(const LastWrites& last, PosixFile* out, uint64_t* size) {
  LineWriter writer(out, size);
  RETURN_IF_ERROR(
      ForEachLine(journal_, [&](const Hash128& identity, std::string_view line, uint64_t at) {
        const bool wanted = last.at(identity) == at && !line.starts_with('-');
        return wanted ? writer.Add(line) : Status::Ok();
      }));
  return writer.Flush();
}

Result<PosixFile> PartitionStore::OpenForReading() {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(CompactLocked());
  auto part = PosixFile::Open(part_path_, O_RDONLY);
  if (part.status().code() == StatusCode::kNotFound) return PosixFile();
  return part;
}

Result<std::optional<std::string>> PartitionStore::Find(const Hash128& identity) {
  std::lock_guard lock(mutex_);
  std::optional<std::string> found;
  const auto note = [&](const Hash128& candidate, std::string_view line, uint64_t) {
    if (candidate == identity) found = line;
    return Status::Ok();
  };
  for (const std::string& path : {part_path_, journal_path_}) {
    const auto file = PosixFile::Open(path, O_RDONLY);
    if (file.status().code() == StatusCode::kNotFound) continue;
    if (!file.ok()) return file.status();
    RETURN_IF_ERROR(ForEachLine(*file, note));
  }
  if (found && found->starts_with('-')) found.reset();
  return found;
}

}  // namespace spillway
