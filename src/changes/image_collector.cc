#include "changes/image_collector.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace spillway {
namespace {

// The keys of old images that are no documents (any more, under today's policies): what they ask
// for is a delete, and that needs no body. Rows of `encoded.rejected` that turn out to have a key
// leave it.
Result<std::shared_ptr<EncodedBatch>> KeysOfRejectedOldImages(const ImageBatch& batch,
                                                              const DocumentEncoder& encoder,
                                                              EncodedBatch& encoded) {
  const auto is_old = [&](uint32_t row) { return batch.images[row] == Image::kOld; };
  const bool any = std::any_of(encoded.rejected.begin(), encoded.rejected.end(),
                               [&](const RejectedRow& rejected) { return is_old(rejected.row); });
  if (!any) return std::make_shared<EncodedBatch>();
  ASSIGN_OR_RETURN(std::shared_ptr<EncodedBatch> keys, encoder.Encode(batch.rows, Intent::kDelete));
  std::vector<bool> wanted(batch.images.size(), false);
  for (const RejectedRow& rejected : encoded.rejected) {
    wanted[rejected.row] = is_old(rejected.row);
  }
  std::erase_if(keys->documents, [&](const Document& key) { return !wanted[key.row]; });
  std::vector<bool> has_key(batch.images.size(), false);
  for (const Document& key : keys->documents) has_key[key.row] = true;
  std::erase_if(encoded.rejected,
                [&](const RejectedRow& rejected) { return has_key[rejected.row]; });
  return keys;
}

}  // namespace

ImageCollector::ImageCollector(const CollectorOptions& options)
    : rules_(options.rules),
      records_(options.spill_prefix + "-records.spill", options.records_memory_max),
      bytes_(options.spill_prefix + "-bytes.spill", options.bytes_memory_max) {}

Status ImageCollector::Add(const ImageBatch& batch, const DocumentEncoder& encoder, uint32_t split,
                           int64_t version) {
  if (batch.images.size() != static_cast<size_t>(batch.rows.rows())) {
    return Internal(fmt::format("the source gave {} rows and said of {} which image they are",
                                batch.rows.rows(), batch.images.size()));
  }
  const Place place{.split = split, .first_row = batch.rows.first_row, .version = version};
  const uint64_t end_row = place.first_row + batch.images.size();
  if (split >= ImageRecord::kSplitsMax || end_row > ImageRecord::kRowsMax) {
    return TooLarge(fmt::format("row {} of split {} of one window of changes", end_row, split));
  }
  const Intent intent = rules_.new_images_delete ? Intent::kDelete : Intent::kUpsert;
  ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded, encoder.Encode(batch.rows, intent));
  ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> keys,
                   KeysOfRejectedOldImages(batch, encoder, *encoded));
  std::lock_guard lock(mutex_);
  counts_.read += encoded->rows_filtered;
  counts_.filtered += encoded->rows_filtered;
  RETURN_IF_ERROR(AddDocuments(*encoded, batch.images, place));
  RETURN_IF_ERROR(AddDocuments(*keys, batch.images, place));
  return AddRefused(*encoded, batch.images, place);
}

Status ImageCollector::AddNew(const EncodedBatch& encoded, uint32_t split, int64_t version) {
  const Place place{.split = split, .first_row = encoded.first_row, .version = version};
  std::lock_guard lock(mutex_);
  for (const Document& document : encoded.documents) {
    RETURN_IF_ERROR(AddDocument(document, ImageKind::kUpsert, place));
  }
  return Status::Ok();
}

Status ImageCollector::AddOld(const Document& key, const Hash128& content, uint32_t split,
                              int64_t version) {
  std::lock_guard lock(mutex_);
  return AddRecord(key, ImageKind::kRemove, content,
                   {.split = split, .first_row = 0, .version = version});
}

Status ImageCollector::AddDocuments(const EncodedBatch& encoded, const std::vector<Image>& images,
                                    const Place& place) {
  for (const Document& document : encoded.documents) {
    const bool is_new = images[document.row] == Image::kNew;
    if (rules_.new_images_delete && !is_new) {
      ++counts_.read;
      ++counts_.filtered;
      continue;
    }
    const bool upserts = is_new && !rules_.new_images_delete;
    RETURN_IF_ERROR(
        AddDocument(document, upserts ? ImageKind::kUpsert : ImageKind::kRemove, place));
  }
  return Status::Ok();
}

Status ImageCollector::AddDocument(const Document& document, ImageKind kind, const Place& place) {
  const Hash128 content = document.body.empty() ? Hash128{} : Murmur3x64_128(document.body);
  if (kind == ImageKind::kUpsert) return AddRecord(document, kind, content, place);
  Document key = document;  // what was there is only compared, never sent
  key.body = {};
  return AddRecord(key, kind, content, place);
}

Status ImageCollector::AddRefused(EncodedBatch& encoded, const std::vector<Image>& images,
                                  const Place& place) {
  for (RejectedRow& rejected : encoded.rejected) {
    ++counts_.read;
    ++counts_.rejected;
    if (images[rejected.row] == Image::kNew && rejected.identity.has_value()) {
      Document named;
      named.identity = *rejected.identity;
      named.row = rejected.row;
      RETURN_IF_ERROR(AddRecord(named, ImageKind::kRefused, {}, place));
    }
    const uint64_t row = place.first_row + rejected.row;
    refused_.push_back({place.split, row, std::move(rejected)});
  }
  return Status::Ok();
}

Status ImageCollector::AddRecord(const Document& document, ImageKind kind, const Hash128& content,
                                 const Place& place) {
  ImageRecord record;
  record.identity = document.identity;
  record.version = place.version;
  record.place = ImageRecord::Place(kind, place.split, place.first_row + document.row);
  record.content = content;
  RETURN_IF_ERROR(bytes_.Keep(document, record));
  return records_.Add(record);
}

}  // namespace spillway
