#include "emulator/store/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "base/hash.h"

namespace spillway::emulator {
namespace {

constexpr std::string_view kMagic = "spillway store 1\n";
constexpr size_t kFrameBytes = 8;  // size, checksum
constexpr uint32_t kRecordBytesMax = 64 * 1024 * 1024;
constexpr size_t kReadBytes = 4 * 1024 * 1024;

template <typename T>
void AppendNumber(T number, std::string* out) {
  out->append(reinterpret_cast<const char*>(&number), sizeof(T));
}

void AppendText(std::string_view text, std::string* out) {
  AppendNumber(static_cast<uint32_t>(text.size()), out);
  out->append(text);
}

// Fills the frame in front of the record that began at `begin`.
void CloseFrame(size_t begin, std::string* out) {
  const std::string_view record = std::string_view(*out).substr(begin + kFrameBytes);
  const uint32_t size = static_cast<uint32_t>(record.size());
  const uint32_t checksum = Murmur3x86_32(record);
  std::memcpy(out->data() + begin, &size, sizeof(size));
  std::memcpy(out->data() + begin + sizeof(size), &checksum, sizeof(checksum));
}

size_t OpenFrame(RecordKind kind, std::string* out) {
  const size_t begin = out->size();
  out->append(kFrameBytes, '\0');
  out->push_back(static_cast<char>(kind));
  return begin;
}

class RecordReader {
 public:
  explicit RecordReader(std::string_view record) : rest_(record) {}

  template <typename T>
  T Number() {
    T number{};
    if (rest_.size() < sizeof(T)) return Fail(number);
    std::memcpy(&number, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return number;
  }

  std::string_view Text() {
    const uint32_t size = Number<uint32_t>();
    if (rest_.size() < size) return Fail(std::string_view());
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  bool ok() const { return ok_; }

 private:
  template <typename T>
  T Fail(T value) {
    ok_ = false;
    rest_ = {};
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

Status VisitRecord(std::string_view record, RecordVisitor* visitor) {
  RecordReader reader(record);
  const auto kind = static_cast<RecordKind>(reader.Number<uint8_t>());
  if (kind == RecordKind::kCatalog) return visitor->Catalog(reader.Text());
  const std::string_view container_rid = reader.Text();
  if (kind == RecordKind::kErase) {
    ErasedItem erased;
    erased.key = reader.Text();
    erased.epk_bytes = reader.Number<uint32_t>();
    erased.lsn = reader.Number<uint64_t>();
    if (reader.ok()) visitor->Erase(container_rid, erased);
  } else {
    Item item;
    item.key = reader.Text();
    item.epk_bytes = reader.Number<uint32_t>();
    item.body = reader.Text();
    item.sequence = reader.Number<uint64_t>();
    item.lsn = reader.Number<uint64_t>();
    item.version = reader.Number<uint64_t>();
    item.timestamp = reader.Number<uint32_t>();
    item.expires_at = reader.Number<uint32_t>();
    item.ttl_seconds = reader.Number<int32_t>();
    item.properties = reader.Number<uint32_t>();
    if (reader.ok() && kind == RecordKind::kPut) visitor->Put(container_rid, std::move(item));
  }
  return reader.ok() ? Status::Ok() : DataLoss("a record of the store's log is damaged");
}

std::string SystemError(const std::string& what, const std::string& path) {
  return what + " '" + path + "': " + std::strerror(errno);
}

// Reads whole records from the start; returns how many bytes were good.
class LogReader {
 public:
  LogReader(int file, RecordVisitor* visitor) : file_(file), visitor_(*visitor) {}

  Result<uint64_t> Run() {
    if (Fill(kMagic.size()) && std::string_view(buffer_).substr(0, kMagic.size()) != kMagic) {
      return DataLoss("the file is not a log of this server");
    }
    if (buffer_.size() < kMagic.size()) return uint64_t{0};
    Consume(kMagic.size());
    while (true) {
      if (!Fill(kFrameBytes)) return good_;
      uint32_t size = 0;
      uint32_t checksum = 0;
      std::memcpy(&size, buffer_.data() + at_, sizeof(size));
      std::memcpy(&checksum, buffer_.data() + at_ + sizeof(size), sizeof(checksum));
      if (size > kRecordBytesMax || !Fill(kFrameBytes + size)) return good_;
      const auto record = std::string_view(buffer_).substr(at_ + kFrameBytes, size);
      if (Murmur3x86_32(record) != checksum) return good_;
      RETURN_IF_ERROR(VisitRecord(record, &visitor_));
      Consume(kFrameBytes + size);
    }
  }

 private:
  // Makes `count` bytes available behind `at_`; false at the end of the file.
  bool Fill(size_t count) {
    while (buffer_.size() - at_ < count) {
      buffer_.erase(0, at_);
      at_ = 0;
      const size_t before = buffer_.size();
      buffer_.resize(before + kReadBytes);
      const ssize_t got = read(file_, buffer_.data() + before, kReadBytes);
      buffer_.resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
      if (got <= 0) return false;
    }
    return true;
  }

  void Consume(size_t count) {
    at_ += count;
    good_ += count;
  }

  const int file_;
  RecordVisitor& visitor_;
  std::string buffer_;
  size_t at_ = 0;
  uint64_t good_ = 0;
};

Status WriteAll(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Unavailable(SystemError("cannot write to", path));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Status::Ok();
}

}  // namespace

void AppendCatalogRecord(std::string_view json, std::string* out) {
  const size_t begin = OpenFrame(RecordKind::kCatalog, out);
  AppendText(json, out);
  CloseFrame(begin, out);
}

void AppendPutRecord(std::string_view container_rid, const Item& item, std::string* out) {
  const size_t begin = OpenFrame(RecordKind::kPut, out);
  AppendText(container_rid, out);
  AppendText(item.key, out);
  AppendNumber(item.epk_bytes, out);
  AppendText(item.body, out);
  AppendNumber(item.sequence, out);
  AppendNumber(item.lsn, out);
  AppendNumber(item.version, out);
  AppendNumber(item.timestamp, out);
  AppendNumber(item.expires_at, out);
  AppendNumber(item.ttl_seconds, out);
  AppendNumber(item.properties, out);
  CloseFrame(begin, out);
}

void AppendEraseRecord(std::string_view container_rid, const ErasedItem& erased, std::string* out) {
  const size_t begin = OpenFrame(RecordKind::kErase, out);
  AppendText(container_rid, out);
  AppendText(erased.key, out);
  AppendNumber(erased.epk_bytes, out);
  AppendNumber(erased.lsn, out);
  CloseFrame(begin, out);
}

Result<std::unique_ptr<Journal>> Journal::Open(const std::string& folder, RecordVisitor* visitor) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unavailable(SystemError("cannot make the folder", folder));
  }
  const std::string path = folder + "/store.log";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Unavailable(SystemError("cannot open", path));
  std::unique_ptr<Journal> journal(new Journal(path, file));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    return Locked("'" + path + "' is in use by another server");
  }
  Result<uint64_t> good = LogReader(file, visitor).Run();
  if (!good.ok()) return std::move(good).status().WithContext("reading '" + path + "'");
  const off_t size = lseek(file, 0, SEEK_END);
  journal->torn_bytes_ = static_cast<uint64_t>(size) - *good;
  if (ftruncate(file, static_cast<off_t>(*good)) != 0 ||
      lseek(file, static_cast<off_t>(*good), SEEK_SET) < 0) {
    return Unavailable(SystemError("cannot cut", path));
  }
  journal->bytes_ = *good;
  if (*good == 0) RETURN_IF_ERROR(journal->Append(kMagic));
  return journal;
}

Journal::~Journal() {
  close(file_);
}

Status Journal::Append(std::string_view records) {
  std::lock_guard lock(mutex_);
  if (broken_) return Unavailable("the store's log could not be written before");
  const Status written = WriteAll(file_, records, path_);
  // What was written of it would be read as torn, and everything behind it lost.
  if (!written.ok()) broken_ = ftruncate(file_, static_cast<off_t>(bytes_)) != 0 || true;
  if (written.ok()) bytes_ += records.size();
  return written;
}

Status Journal::Rewrite(const std::function<Status(Journal*)>& write_all) {
  const std::string path = path_ + ".new";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Unavailable(SystemError("cannot open", path));
  Journal fresh(path, file);
  RETURN_IF_ERROR(fresh.Append(kMagic));
  RETURN_IF_ERROR(write_all(&fresh));
  if (flock(file, LOCK_EX | LOCK_NB) != 0 || fsync(file) != 0 ||
      std::rename(path.c_str(), path_.c_str()) != 0) {
    return Unavailable(SystemError("cannot replace", path_));
  }
  std::lock_guard lock(mutex_);
  std::swap(file_, fresh.file_);
  bytes_ = fresh.bytes_;
  return Status::Ok();
}

}  // namespace spillway::emulator
