#include "engine/identity_log.h"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace spillway {
namespace {

constexpr uint32_t kBlockRecordsMax = 8'192;  // 192 KiB
constexpr uint64_t kBlockMark = 0x53504c5749444c31;

struct BlockHeader {
  uint64_t mark = kBlockMark;
  uint64_t records = 0;
  uint64_t checksum = 0;
};

constexpr std::string_view kSuffix = ".identities";

uint64_t Checksum(std::span<const IdentityRecord> records) {
  const auto* bytes = reinterpret_cast<const char*>(records.data());
  return Murmur3x64_128({bytes, records.size_bytes()}).high;
}

}  // namespace

IdentityRecord IdentityRecord::Make(const Hash128& identity, const RowPlace& place, bool upserted) {
  return {identity, (uint64_t{place.split} << (RowPlace::kRowBits + 1)) | (place.row << 1) |
                        uint64_t{upserted}};
}

std::string IdentityLog::PathFor(const std::string& folder, const std::string& pipeline,
                                 const std::string& load) {
  return fmt::format("{}/{}.{}{}", folder, FileNameFor(pipeline), load, kSuffix);
}

Status IdentityLog::RemoveAll(const std::string& folder, const std::string& pipeline) {
  const std::string prefix = FileNameFor(pipeline) + ".";
  std::error_code error;
  std::filesystem::directory_iterator file(folder, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    const std::string name = file->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) continue;
    std::filesystem::remove(file->path(), error);
  }
  if (!error || error == std::errc::no_such_file_or_directory) return Status::Ok();
  return PermissionDenied(fmt::format("clearing {}: {}", folder, error.message()));
}

Result<std::unique_ptr<IdentityLog>> IdentityLog::Create(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<SpillFile> file, SpillFile::Open(path));
  RETURN_IF_ERROR(file->Truncate(0));
  return std::unique_ptr<IdentityLog>(new IdentityLog(std::move(file)));
}

Result<std::unique_ptr<IdentityLog>> IdentityLog::Continue(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<SpillFile> file, SpillFile::Open(path));
  std::unique_ptr<IdentityLog> log(new IdentityLog(std::move(file)));
  uint64_t whole = 0;
  std::vector<IdentityRecord> records;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, log->ReadBlock(whole, records));
    if (!found) break;
    log->records_found_ += records.size();
  }
  RETURN_IF_ERROR(log->file_->Truncate(whole));
  return log;
}

Result<bool> IdentityLog::ReadBlock(uint64_t& offset, std::vector<IdentityRecord>& records) const {
  BlockHeader header;
  if (file_->size() - offset < sizeof(header)) return false;
  RETURN_IF_ERROR(file_->ReadAt(offset, &header, sizeof(header)));
  if (header.mark != kBlockMark || header.records > kBlockRecordsMax) return false;
  const uint64_t bytes = header.records * sizeof(IdentityRecord);
  if (file_->size() - offset - sizeof(header) < bytes) return false;
  records.resize(header.records);
  RETURN_IF_ERROR(file_->ReadAt(offset + sizeof(header), records.data(), bytes));
  if (Checksum(records) != header.checksum) return false;
  offset += sizeof(header) + bytes;
  return true;
}

Status AppendIdentities(const BatchInFlight& batch, std::vector<IdentityRecord>& records) {
  const EncodedBatch& encoded = batch.encoded();
  if (encoded.split >= RowPlace::kSplitsMax ||
      encoded.first_row + encoded.rows_read >= RowPlace::kRowsMax) {
    return Unsupported(
        fmt::format("split {} with row {}: more than the search for duplicates takes",
                    encoded.split, encoded.first_row + encoded.rows_read));
  }
  for (uint32_t i = 0; i < batch.documents(); ++i) {
    if (batch.fate(i) == RowFate::kRejected) continue;
    const Document& document = batch.document(i);
    records.push_back(IdentityRecord::Make(document.identity,
                                           {encoded.split, encoded.first_row + document.row},
                                           IsUpserted(batch.fate(i))));
  }
  return Status::Ok();
}

Status IdentityLog::Append(const BatchInFlight& batch) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(AppendIdentities(batch, block_));
  return WriteFullBlocks();
}

Status IdentityLog::Append(const std::vector<IdentityRecord>& records) {
  std::lock_guard lock(mutex_);
  block_.insert(block_.end(), records.begin(), records.end());
  return WriteFullBlocks();
}

Status IdentityLog::WriteFullBlocks() {
  size_t begin = 0;
  for (; block_.size() - begin >= kBlockRecordsMax; begin += kBlockRecordsMax) {
    RETURN_IF_ERROR(WriteRecords(std::span(block_).subspan(begin, kBlockRecordsMax)));
  }
  block_.erase(block_.begin(), block_.begin() + static_cast<ptrdiff_t>(begin));
  return Status::Ok();
}

Status IdentityLog::WriteRecords(std::span<const IdentityRecord> records) {
  const BlockHeader header{.records = records.size(), .checksum = Checksum(records)};
  std::vector<char> bytes(sizeof(header) + records.size_bytes());
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), records.data(), records.size_bytes());
  return file_->Append(bytes.data(), bytes.size());
}

Status IdentityLog::WriteBlock() {
  if (block_.empty()) return Status::Ok();
  RETURN_IF_ERROR(WriteRecords(block_));
  block_.clear();
  return Status::Ok();
}

Status IdentityLog::Sync() {
  {
    std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(WriteBlock());
  }
  return file_->Sync();  // not under the lock: lanes go on appending meanwhile
}

Status IdentityLog::Visit(const std::function<Status(const IdentityRecord&)>& visit) {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(WriteBlock());
  uint64_t offset = 0;
  std::vector<IdentityRecord> records;
  while (offset < file_->size()) {
    ASSIGN_OR_RETURN(const bool whole, ReadBlock(offset, records));
    if (!whole) {
      return DataLoss(fmt::format("{} is damaged at byte {}", file_->path(), offset))
          .WithHint("load again with --full");
    }
    for (const IdentityRecord& record : records) RETURN_IF_ERROR(visit(record));
  }
  return Status::Ok();
}

}  // namespace spillway
