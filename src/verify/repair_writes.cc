#include "verify/repair_writes.h"

namespace spillway {
namespace {

// Shares of the knob.
constexpr uint64_t kBytesShare = 16;
constexpr uint64_t kRecordsShare = 64;

}  // namespace

RepairWrites::RepairWrites(const std::string& spill_prefix, uint64_t memory_bytes_max)
    : bytes_(spill_prefix + "-bytes.spill", memory_bytes_max / kBytesShare),
      upserts_(spill_prefix + "-upserts.spill", memory_bytes_max / kRecordsShare),
      removes_(spill_prefix + "-removes.spill", memory_bytes_max / kRecordsShare) {}

Status RepairWrites::AddUpsert(const Document& document, const Hash128& content, uint64_t row_place,
                               int64_t version) {
  ImageRecord record;
  record.identity = document.identity;
  record.version = version;
  record.place = ImageRecord::Place(ImageKind::kUpsert, SplitOf(row_place), RowOf(row_place));
  record.content = content;
  return Append(upserts_, record, document.partition_key, document.id, document.body);
}

Status RepairWrites::AddRemove(const Hash128& identity, const KeyFile::Key& key, int64_t version) {
  ImageRecord record;
  record.identity = identity;
  record.version = version;
  record.place = ImageRecord::Place(ImageKind::kRemove, 0, 0);
  return Append(removes_, record, key.partition_key, key.id, {});
}

Status RepairWrites::Append(RecordLog<ImageRecord>& list, const ImageRecord& record,
                            std::string_view partition_key, std::string_view id,
                            std::string_view body) {
  ImageRecord placed = record;
  placed.offset = bytes_.size();
  placed.partition_key_bytes = static_cast<uint32_t>(partition_key.size());
  placed.id_bytes = static_cast<uint32_t>(id.size());
  placed.body_bytes = static_cast<uint32_t>(body.size());
  for (const std::string_view text : {partition_key, id, body}) {
    RETURN_IF_ERROR(bytes_.Append(text));
  }
  return list.Append(placed);
}

}  // namespace spillway
