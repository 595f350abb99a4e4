#include "verify/difference.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "engine/stamp.h"
#include "json/json_diff.h"
#include "json/json_tree.h"

namespace spillway {
namespace {

constexpr size_t kFieldsMax = 16;  // named per document

constexpr std::string_view kOthers = "others";

// The row again, as the only document of its batch.
Result<std::shared_ptr<EncodedBatch>> ReadRow(const DescribeParts& parts, uint64_t place,
                                              const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                   parts.snapshot.OpenSplit(SplitOf(place), RowOf(place), ctx));
  ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx));
  if (!batch.has_value()) return Internal("a row that was read before is not there");
  const uint32_t first = 0;
  ASSIGN_OR_RETURN(std::shared_ptr<EncodedBatch> encoded,
                   parts.encoder.EncodeRows(*batch, Intent::kUpsert, {&first, 1}));
  if (encoded->documents.empty()) return Internal("a row that was a document before is none");
  return encoded;
}

Result<std::string> WriterOf(const DescribeParts& parts, const std::string& stored) {
  ASSIGN_OR_RETURN(const JsonNode document, ParseJsonTree(stored));
  const JsonNode* const stamp = document.Find(parts.stamp_field);
  const bool text = stamp != nullptr && stamp->kind == JsonNode::Kind::kString;
  const int64_t run = text ? RunOfStamp(stamp->text, parts.pipeline) : 0;
  return run == 0 ? std::string(kOthers) : fmt::format("run {}", run);
}

}  // namespace

std::string_view DifferenceName(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kMissing:
      return "missing";
    case DifferenceKind::kExtra:
      return "extra";
    case DifferenceKind::kDifferent:
      return "different";
  }
  return "unknown";
}

Result<Difference> DescribeMismatch(const DescribeParts& parts, const Mismatch& mismatch,
                                    const CallContext& ctx) {
  Difference difference;
  difference.kind = mismatch.kind;
  std::shared_ptr<EncodedBatch> row;
  if (mismatch.kind == DifferenceKind::kExtra) {
    ASSIGN_OR_RETURN(KeyFile::Key key, parts.keys->Read(mismatch.key_place));
    difference.partition_key = std::move(key.partition_key);
    difference.id = std::move(key.id);
    if (parts.stamp_field.empty()) return difference;
  } else {
    ASSIGN_OR_RETURN(row, ReadRow(parts, mismatch.row_place, ctx));
    difference.partition_key = row->documents.front().partition_key;
    difference.id = row->documents.front().id;
    if (mismatch.kind == DifferenceKind::kMissing) return difference;
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   parts.run.destination.ReadOne(difference.partition_key, difference.id, ctx));
  if (!stored.has_value()) return difference;
  if (row != nullptr) {
    ASSIGN_OR_RETURN(difference.fields, JsonDiff(row->documents.front().body, *stored,
                                                 parts.ignored_fields, kFieldsMax));
  }
  if (parts.stamp_field.empty()) return difference;
  ASSIGN_OR_RETURN(difference.written_by, WriterOf(parts, *stored));
  return difference;
}

}  // namespace spillway
