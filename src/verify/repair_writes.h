// RepairWrites: what a repair writes, kept until it is sent and then compared again: documents of
// rows, and the keys of documents that have no row.
#ifndef SPILLWAY_VERIFY_REPAIR_WRITES_H_
#define SPILLWAY_VERIFY_REPAIR_WRITES_H_

#include <cstdint>
#include <functional>
#include <string>

#include "changes/image_bytes.h"
#include "changes/image_record.h"
#include "changes/record_log.h"
#include "engine/verify_side.h"
#include "model/document.h"

namespace spillway {

// Used by one thread; its lists are read by several once nothing is added any more. A record's
// `content` is the canonical one, {} of a document that is to go.
class RepairWrites {
 public:
  // What does not fit in a share of the knob is spilled.
  RepairWrites(const std::string& spill_prefix, uint64_t memory_bytes_max);

  Status AddUpsert(const Document& document, const Hash128& content, uint64_t row_place,
                   int64_t version);
  Status AddRemove(const Hash128& identity, const KeyFile::Key& key, int64_t version);

  const RecordLog<ImageRecord>& upserts() const { return upserts_; }
  const RecordLog<ImageRecord>& removes() const { return removes_; }
  const ImageBytes& bytes() const { return bytes_; }
  uint64_t size() const { return upserts_.size() + removes_.size(); }

 private:
  Status Append(RecordLog<ImageRecord>& list, const ImageRecord& record,
                std::string_view partition_key, std::string_view id, std::string_view body);

  ImageBytes bytes_;
  RecordLog<ImageRecord> upserts_;
  RecordLog<ImageRecord> removes_;
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_REPAIR_WRITES_H_
