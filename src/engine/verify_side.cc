#include "engine/verify_side.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "engine/held_memory.h"
#include "engine/identity_log.h"
#include "json/canonical_hash.h"
#include "json/document_key.h"
#include "json/json_member.h"

namespace spillway {
namespace {

struct KeyLengths {
  uint32_t partition_key = 0;
  uint32_t id = 0;
};

// Makes records of stored documents. Keeps its memory from one to the next.
class RecordMaker {
 public:
  RecordMaker(std::span<const std::string> ignored_fields,
              const std::optional<SoftDelete>& soft_delete)
      : hasher_(ignored_fields), soft_delete_(soft_delete) {}

  // Without its place, but for the mark.
  Result<VerifyRecord> Make(const StoredDocument& document) {
    VerifyRecord record;
    if (soft_delete_.has_value()) {
      ASSIGN_OR_RETURN(const bool marked,
                       HasMember(document.body, soft_delete_->field, soft_delete_->value));
      if (marked) record.place = kMarked;
    }
    ASSIGN_OR_RETURN(record.content, hasher_.Hash(document.body));
    RETURN_IF_ERROR(CanonicalPartitionKey(document.partition_key, &key_));
    record.identity = DocumentIdentity(key_, document.id);
    return record;
  }

 private:
  CanonicalHasher hasher_;
  const std::optional<SoftDelete>& soft_delete_;
  std::string key_;
};

}  // namespace

Status VerifySide::Add(const std::vector<VerifyRecord>& records, uint64_t others) {
  documents_ += records.size() - others;
  std::lock_guard lock(mutex_);
  for (const VerifyRecord& record : records) RETURN_IF_ERROR(sort_.Add(record));
  return Status::Ok();
}

Result<std::optional<VerifyRecord>> VerifySide::Next() {
  if (!ahead_.has_value()) {
    ASSIGN_OR_RETURN(ahead_, sort_.Next());
    if (!ahead_.has_value()) return std::optional<VerifyRecord>();
  }
  VerifyRecord record = *ahead_;
  while (true) {
    ASSIGN_OR_RETURN(ahead_, sort_.Next());
    if (!ahead_.has_value() || ahead_->identity != record.identity) break;
    // A row that is refused is none that could be compared.
    if ((record.place & kIsDocument) == (ahead_->place & kIsDocument)) ++duplicates_;
    record = *ahead_;
  }
  return std::optional<VerifyRecord>(record);
}

uint64_t PackPlace(uint32_t split, uint64_t row) {
  return (uint64_t{split} << RowPlace::kRowBits) | row;
}
uint32_t SplitOf(uint64_t place) {
  return static_cast<uint32_t>((place & ~kIsDocument) >> RowPlace::kRowBits);
}
uint64_t RowOf(uint64_t place) {
  return place & (RowPlace::kRowsMax - 1);
}

Status AddSplit(const Snapshot& snapshot, const DocumentEncoder& encoder, const SplitRows& rows,
                std::span<const std::string> ignored_fields, Budget& reading, RecordSink& side,
                std::atomic<uint64_t>& rejected, const CallContext& ctx) {
  const uint32_t split = rows.split;
  const auto is_asked_for = [&rows](uint64_t row) { return row - rows.first < rows.count; };
  if (split >= RowPlace::kSplitsMax) {
    return Unsupported(fmt::format("verifying more than {} files", RowPlace::kSplitsMax));
  }
  HeldMemory held;
  ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                   snapshot.OpenSplit(split, rows.first, ctx));
  RETURN_IF_ERROR(held.Take(reading, reader->held_bytes(), ctx.stop));
  CanonicalHasher hasher(ignored_fields);
  std::vector<VerifyRecord> records;
  while (true) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx));
    if (!batch.has_value()) return Status::Ok();
    ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                     encoder.Encode(*batch, Intent::kUpsert));
    if (!is_asked_for(encoded->first_row)) return Status::Ok();
    records.clear();
    for (const Document& document : encoded->documents) {
      if (!is_asked_for(encoded->first_row + document.row)) continue;
      VerifyRecord record{
          .identity = document.identity,
          .content = {},
          .place = PackPlace(split, encoded->first_row + document.row) | kIsDocument};
      ASSIGN_OR_RETURN(record.content, hasher.Hash(document.body));
      records.push_back(record);
    }
    const uint64_t documents = records.size();
    for (const RejectedRow& refused : encoded->rejected) {
      if (!is_asked_for(encoded->first_row + refused.row)) continue;
      ++rejected;
      if (!refused.identity.has_value()) continue;
      records.push_back({.identity = *refused.identity,
                         .content = {},
                         .place = PackPlace(split, encoded->first_row + refused.row)});
    }
    RETURN_IF_ERROR(side.Add(records, records.size() - documents));
  }
}

Result<std::unique_ptr<KeyFile>> KeyFile::Create(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<SpillFile> file, SpillFile::CreateTemporary(path));
  return std::unique_ptr<KeyFile>(new KeyFile(std::move(file)));
}

std::vector<uint64_t> AppendKeys(std::span<const StoredDocument> documents, std::string& bytes) {
  std::vector<uint64_t> offsets;
  for (const StoredDocument& document : documents) {
    offsets.push_back(bytes.size());
    const KeyLengths lengths{static_cast<uint32_t>(document.partition_key.size()),
                             static_cast<uint32_t>(document.id.size())};
    bytes.append(reinterpret_cast<const char*>(&lengths), sizeof(lengths));
    bytes.append(document.partition_key).append(document.id);
  }
  return offsets;
}

Result<std::vector<uint64_t>> KeyFile::Append(std::span<const StoredDocument> documents) {
  std::string bytes;
  std::vector<uint64_t> offsets = AppendKeys(documents, bytes);
  ASSIGN_OR_RETURN(const uint64_t begin, AppendBytes(bytes));
  for (uint64_t& offset : offsets) offset += begin;
  return offsets;
}

Result<uint64_t> KeyFile::AppendBytes(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  const uint64_t begin = file_->size();
  RETURN_IF_ERROR(file_->Append(bytes.data(), bytes.size()));
  return begin;
}

Result<KeyFile::Key> KeyFile::Read(uint64_t place) const {
  uint64_t offset = place & ~kMarked;
  KeyLengths lengths;
  RETURN_IF_ERROR(file_->ReadAt(offset, &lengths, sizeof(lengths)));
  Key key;
  key.partition_key.resize(lengths.partition_key);
  key.id.resize(lengths.id);
  offset += sizeof(lengths);
  RETURN_IF_ERROR(file_->ReadAt(offset, key.partition_key.data(), lengths.partition_key));
  RETURN_IF_ERROR(file_->ReadAt(offset + lengths.partition_key, key.id.data(), lengths.id));
  return key;
}

Status AddDocuments(DocumentReader& reader, std::span<const std::string> ignored_fields,
                    const std::optional<SoftDelete>& soft_delete, RecordSink& side, KeySink& keys,
                    const CallContext& ctx) {
  RecordMaker maker(ignored_fields, soft_delete);
  std::vector<VerifyRecord> records;
  while (true) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const std::span<const StoredDocument> page, reader.NextPage(ctx));
    if (page.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(const std::vector<uint64_t> places, keys.Append(page));
    records.clear();
    for (size_t i = 0; i < page.size(); ++i) {
      Result<VerifyRecord> record = maker.Make(page[i]);
      if (!record.ok()) {
        return std::move(record).status().WithContext(
            fmt::format("document '{}' in partition {}", page[i].id, page[i].partition_key));
      }
      record->place |= places[i];
      records.push_back(*record);
    }
    RETURN_IF_ERROR(side.Add(records, 0));
  }
}

}  // namespace spillway
