// ImageCollector: takes the images of a window of changes, encodes them and keeps what the collapse
// needs: one sorted record per image and the bytes that may have to be sent. Bounded in memory
// however large the window is: what does not fit is spilled.
#ifndef SPILLWAY_CHANGES_IMAGE_COLLECTOR_H_
#define SPILLWAY_CHANGES_IMAGE_COLLECTOR_H_

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "changes/collapse.h"
#include "changes/image_bytes.h"
#include "changes/image_record.h"
#include "connector/change_log.h"
#include "engine/external_sort.h"
#include "model/document.h"
#include "model/intent_counts.h"
#include "transforms/document_encoder.h"

namespace spillway {

// A new image that no document could be made of, and where it stands in the window.
struct RefusedImage {
  uint32_t split = 0;
  uint64_t row_in_split = 0;
  RejectedRow row;
};

struct CollectorOptions {
  std::string spill_prefix;  // of the paths of files, which have no name once they are open
  uint64_t records_memory_max = 16 << 20;
  uint64_t bytes_memory_max = 32 << 20;
  ImageRules rules;
};

class ImageCollector {
 public:
  explicit ImageCollector(const CollectorOptions& options);

  // Thread-safe. `split`: ordinal in the window. Fails when the batch does not have the encoder's
  // columns, or the disk is full.
  Status Add(const ImageBatch& batch, const DocumentEncoder& encoder, uint32_t split,
             int64_t version);

  // The same for what a comparison found, which has judged the rows already: new images that are
  // documents, and an old one by its key and the hash of its document ({}: not known). Thread-safe.
  Status AddNew(const EncodedBatch& encoded, uint32_t split, int64_t version);
  Status AddOld(const Document& key, const Hash128& content, uint32_t split, int64_t version);

  // No more Add. Then the records come in their order.
  Status StartReading() { return records_.StartReading(); }
  Result<std::optional<ImageRecord>> Next() { return records_.Next(); }

  const ImageBytes& bytes() const { return bytes_; }
  // Of images that have no record: filtered and refused.
  const IntentCounts& counts() const { return counts_; }
  std::vector<RefusedImage> TakeRefused() { return std::move(refused_); }

 private:
  struct Place {
    uint32_t split = 0;
    uint64_t first_row = 0;
    int64_t version = 0;
  };
  // These hold mutex_.
  Status AddDocuments(const EncodedBatch& encoded, const std::vector<Image>& images,
                      const Place& place);
  Status AddDocument(const Document& document, ImageKind kind, const Place& place);
  Status AddRefused(EncodedBatch& encoded, const std::vector<Image>& images, const Place& place);
  Status AddRecord(const Document& document, ImageKind kind, const Hash128& content,
                   const Place& place);

  const ImageRules rules_;
  std::mutex mutex_;
  ExternalSort<ImageRecord> records_;
  ImageBytes bytes_;
  IntentCounts counts_;
  std::vector<RefusedImage> refused_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_IMAGE_COLLECTOR_H_
