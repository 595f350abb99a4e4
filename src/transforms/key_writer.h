// KeyWriter: the id, partition key and etag of a row, as text in the buffer.
#ifndef SPILLWAY_TRANSFORMS_KEY_WRITER_H_
#define SPILLWAY_TRANSFORMS_KEY_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "columns/column_view.h"
#include "json/json_buffer.h"
#include "transforms/document_plan.h"
#include "transforms/value_writer.h"

namespace spillway {

// Used by one thread, for one batch. The methods that return bool return false when the row must be
// refused; the values' writer then says why.
class KeyWriter {
 public:
  KeyWriter(const DocumentPlan* plan, const std::vector<ColumnView>* columns, ValueWriter* values,
            JsonBuffer* out);

  // The whole key as it is hashed (DocumentIdentity): partition key as Document::partition_key, the
  // separator, the id. Sets where the partition key ends.
  bool WriteKey(int64_t row, size_t* partition_key_end);
  // The id's text. Several columns are joined by the separator; '%' and the separator's first
  // character inside them become %XX, so that different columns never give one id.
  bool WriteId(int64_t row);
  // REQUIRES: WriteId of this row succeeded, where the partition key is the id.
  bool WritePartitionKey(int64_t row);
  // `{"id":"…",` of an id that stands in the buffer.
  void OpenDocument(size_t id_begin, size_t id_end);
  // The etag's text; nothing when it is null.
  bool WriteEtag(int64_t row);

 private:
  bool WriteIdPart(const IdPart& part, int64_t row);
  bool WriteComponent(const KeyComponent& component, int64_t row);
  bool CheckComponentSize(const KeyComponent& component, size_t start);
  bool CheckId(size_t start);
  bool HoldsForbidden(std::string_view id) const;
  void EscapeFrom(size_t start);
  void NormaliseNumber(const ValuePlan& plan, size_t start);

  const DocumentPlan& plan_;
  const std::vector<ColumnView>& columns_;
  ValueWriter& values_;
  JsonBuffer& out_;
  bool forbidden_[256] = {};
  bool escaped_[256] = {};
  bool escapes_any_ = false;
  bool key_is_id_ = false;  // some path is /id
  std::string id_;          // then: the row's id
  std::string scratch_;     // kept for its memory
};

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_KEY_WRITER_H_
