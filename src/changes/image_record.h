// ImageRecord: what the engine keeps of one image of a row while a window of changes is gathered:
// whose it is, of which version, and where its bytes stand.
#ifndef SPILLWAY_CHANGES_IMAGE_RECORD_H_
#define SPILLWAY_CHANGES_IMAGE_RECORD_H_

#include <compare>
#include <cstdint>

#include "base/hash.h"

namespace spillway {

enum class ImageKind : uint8_t {
  kRemove,   // the old image: asks to delete its identity
  kRefused,  // a new image that no document could be made of; it is listed as rejected
  kUpsert,   // the new image, with its document
};

// Fixed in size, so that any number of them can be sorted outside of memory. In order: of an
// identity side by side, by version; in a version the old images first, then as they were read.
struct ImageRecord {
  static constexpr int kRowBits = 40;
  static constexpr int kSplitBits = 22;
  static constexpr uint64_t kRowsMax = uint64_t{1} << kRowBits;      // of one split
  static constexpr uint32_t kSplitsMax = uint32_t{1} << kSplitBits;  // of one window

  Hash128 identity;
  int64_t version = 0;
  uint64_t place = 0;   // kind, split and row, in this order
  Hash128 content;      // of the document's bytes; {} when there are none
  uint64_t offset = 0;  // in the window's ImageBytes: partition key, id, etag, body
  uint32_t partition_key_bytes = 0;
  uint32_t id_bytes = 0;
  uint32_t etag_bytes = 0;
  uint32_t body_bytes = 0;

  static uint64_t Place(ImageKind kind, uint32_t split, uint64_t row) {
    return static_cast<uint64_t>(kind) << (kSplitBits + kRowBits) | uint64_t{split} << kRowBits |
           row;
  }
  ImageKind kind() const { return static_cast<ImageKind>(place >> (kSplitBits + kRowBits)); }
  uint32_t split() const { return static_cast<uint32_t>(place >> kRowBits) & (kSplitsMax - 1); }
  uint64_t row() const { return place & (kRowsMax - 1); }
  uint64_t bytes() const {
    return uint64_t{partition_key_bytes} + id_bytes + etag_bytes + body_bytes;
  }
  auto operator<=>(const ImageRecord&) const = default;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_IMAGE_RECORD_H_
