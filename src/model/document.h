// Document: one encoded row on its way to the destination: what to do, to whom, and the bytes.
#ifndef SPILLWAY_MODEL_DOCUMENT_H_
#define SPILLWAY_MODEL_DOCUMENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace spillway {

// What one image of a change asks of the destination (design: "intent").
enum class Intent : uint8_t { kUpsert, kDelete };

// A view: the bytes belong to the EncodedBatch that holds it. Cheap to copy.
struct Document {
  Intent intent = Intent::kUpsert;
  std::string_view body;  // a UTF-8 JSON object; empty for a delete, but for one that sets fields
  std::string_view id;    // unescaped UTF-8
  std::string_view
      partition_key;          // JSON array, one element per path: ["a",5]; {} for an absent value
  std::string_view etag;      // the row's `_etag`, for the modes that are conditional on it
  Hash128 identity;           // of (partition_key, id): equal keys, equal hash
  Hash128 route;              // filled by Destination::Route; orders documents over lanes
  uint32_t row = 0;           // row inside the batch
  bool after_unsure = false;  // an earlier write of this very document may have landed (I3)
};

// A row refused before it was sent, or by the destination for good.
struct RejectedRow {
  uint32_t row = 0;     // row inside the batch
  std::string key;      // the identity as far as it is known: JSON array of partition key and id
  std::string reason;   // stable code for grouping: "id_too_long", "inexact_number", "http_400" …
  std::string message;  // for people: what, where, what next
  std::optional<Hash128> identity{};  // as Document::identity, when both are known
};

// The documents of one batch and the one buffer that their views point into. Immutable once
// encoded, so lanes on several threads share it.
struct EncodedBatch {
  std::string bytes;
  std::vector<Document> documents;
  std::vector<RejectedRow> rejected;
  uint64_t rows_read = 0;
  uint64_t rows_filtered = 0;  // by the row filter
  uint32_t split = 0;
  uint64_t first_row = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_MODEL_DOCUMENT_H_
