#include "changes/index_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "json/document_key.h"

namespace spillway {
namespace {

constexpr uint64_t kBlockMark = 0x31584449574c5053;  // "SPLWIDX1"
constexpr uint64_t kEndMark = 0x31444e45574c5053;    // "SPLWEND1"
constexpr uint64_t kBlockBytesTarget = 128 << 10;
// A key is at most a few KiB; a block ends with the entry that makes it large enough.
constexpr uint64_t kBlockBytesMax = 64 << 20;

// Of an entry's first byte.
constexpr uint8_t kRemoved = 1;
constexpr uint8_t kContentUnknown = 2;
constexpr uint8_t kKeyIsId = 4;  // the partition key is ["ID"]

// Before every block, and at the end, where `mark` is kEndMark, `rows` those of the file and
// `checksum` that of all checksums. As the machine has its numbers: the file stays on it.
struct BlockHeader {
  uint64_t mark = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t checksum = 0;
};

uint64_t Checksum(std::string_view bytes, uint64_t seed) {
  return Murmur3x64_128(bytes, seed).high;
}

void AppendVarint(uint64_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

bool IsKeyOfId(std::string_view partition_key, std::string_view id) {
  return partition_key.size() == id.size() + 4 && partition_key.starts_with("[\"") &&
         partition_key.ends_with("\"]") && partition_key.substr(2, id.size()) == id;
}

size_t SharedPrefix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  size_t shared = 0;
  while (shared < size && a[shared] == b[shared]) ++shared;
  return shared;
}

}  // namespace

Status IndexFileWriter::Append(const IndexEntry& entry) {
  if (rows_ > 0 && entry.identity <= last_) {
    return Internal(fmt::format("{}: an index out of order", file_->path()));
  }
  const bool key_is_id = IsKeyOfId(entry.partition_key, entry.id);
  const bool known = entry.content != Hash128{};
  block_.push_back(static_cast<char>((entry.removed ? kRemoved : 0) |
                                     (known ? 0 : kContentUnknown) | (key_is_id ? kKeyIsId : 0)));
  if (known) block_.append(reinterpret_cast<const char*>(&entry.content), sizeof(entry.content));
  AppendText(entry.id, id_);
  if (!key_is_id) AppendText(entry.partition_key, partition_key_);
  last_ = entry.identity;
  ++rows_;
  ++block_rows_;
  return block_.size() < kBlockBytesTarget ? Status::Ok() : WriteBlock();
}

void IndexFileWriter::AppendText(std::string_view text, std::string& before) {
  const size_t shared = SharedPrefix(text, before);
  AppendVarint(shared, block_);
  AppendVarint(text.size() - shared, block_);
  block_.append(text.substr(shared));
  before.assign(text);
}

Status IndexFileWriter::WriteBlock() {
  if (block_rows_ == 0) return Status::Ok();
  const BlockHeader header{.mark = kBlockMark,
                           .rows = block_rows_,
                           .bytes = block_.size(),
                           .checksum = Checksum(block_, block_rows_)};
  chained_ = Checksum({reinterpret_cast<const char*>(&header), sizeof(header)}, chained_);
  RETURN_IF_ERROR(file_->Append(&header, sizeof(header)));
  RETURN_IF_ERROR(file_->Append(block_.data(), block_.size()));
  block_.clear();
  block_rows_ = 0;
  id_.clear();
  partition_key_.clear();
  return Status::Ok();
}

Status IndexFileWriter::Finish() {
  RETURN_IF_ERROR(WriteBlock());
  const BlockHeader end{.mark = kEndMark, .rows = rows_, .bytes = 0, .checksum = chained_};
  return file_->Append(&end, sizeof(end));
}

Status IndexFileReader::Damaged(std::string_view what) const {
  return DataLoss(fmt::format("{} is damaged near byte {}: {}", file_->path(), offset_, what));
}

Result<const IndexEntry*> IndexFileReader::Next() {
  while (block_rows_left_ == 0) {
    if (ended_) return static_cast<const IndexEntry*>(nullptr);
    RETURN_IF_ERROR(ReadBlock());
  }
  RETURN_IF_ERROR(ReadEntry());
  return &entry_;
}

Status IndexFileReader::ReadBlock() {
  BlockHeader header;
  if (file_->size() - offset_ < sizeof(header)) return Damaged("it ends too early");
  RETURN_IF_ERROR(file_->ReadAt(offset_, &header, sizeof(header)));
  if (header.mark == kEndMark) {
    if (header.rows != rows_ || header.bytes != 0 || header.checksum != chained_) {
      return Damaged("a block is missing");
    }
    ended_ = true;
    return Status::Ok();
  }
  if (header.mark != kBlockMark || header.rows == 0 || header.bytes > kBlockBytesMax) {
    return Damaged("there is no block");
  }
  offset_ += sizeof(header);
  if (file_->size() - offset_ < header.bytes) return Damaged("it ends too early");
  block_.resize(header.bytes);
  RETURN_IF_ERROR(file_->ReadAt(offset_, block_.data(), header.bytes));
  if (Checksum(block_, header.rows) != header.checksum) return Damaged("a checksum is wrong");
  chained_ = Checksum({reinterpret_cast<const char*>(&header), sizeof(header)}, chained_);
  offset_ += header.bytes;
  at_ = 0;
  block_rows_left_ = static_cast<uint32_t>(header.rows);
  id_.clear();
  partition_key_.clear();
  return Status::Ok();
}

Status IndexFileReader::ReadEntry() {
  if (at_ == block_.size()) return Damaged("a block ends too early");
  const auto flags = static_cast<uint8_t>(block_[at_++]);
  entry_.removed = (flags & kRemoved) != 0;
  entry_.content = {};
  if ((flags & kContentUnknown) == 0) {
    if (block_.size() - at_ < sizeof(entry_.content)) return Damaged("a block ends too early");
    std::memcpy(&entry_.content, block_.data() + at_, sizeof(entry_.content));
    at_ += sizeof(entry_.content);
  }
  RETURN_IF_ERROR(ReadText(id_));
  entry_.id = id_;
  if ((flags & kKeyIsId) != 0) {
    own_key_.assign("[\"").append(id_).append("\"]");
    entry_.partition_key = own_key_;
  } else {
    RETURN_IF_ERROR(ReadText(partition_key_));
    entry_.partition_key = partition_key_;
  }
  const Hash128 identity = DocumentIdentity(entry_.partition_key, entry_.id);
  if (rows_ > 0 && identity <= entry_.identity) return Damaged("it is out of order");
  entry_.identity = identity;
  ++rows_;
  --block_rows_left_;
  return Status::Ok();
}

Status IndexFileReader::ReadText(std::string& text) {
  ASSIGN_OR_RETURN(const uint64_t shared, ReadVarint());
  ASSIGN_OR_RETURN(const uint64_t rest, ReadVarint());
  if (shared > text.size() || rest > block_.size() - at_) return Damaged("a key makes no sense");
  text.resize(shared);
  text.append(block_, at_, rest);
  at_ += rest;
  return Status::Ok();
}

Result<uint64_t> IndexFileReader::ReadVarint() {
  uint64_t number = 0;
  for (int shift = 0; shift < 64 && at_ < block_.size(); shift += 7) {
    const auto byte = static_cast<uint8_t>(block_[at_++]);
    number |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return number;
  }
  return Damaged("a number makes no sense");
}

}  // namespace spillway
