#include "changes/row_finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "changes/column_policy.h"
#include "engine/encoded_split.h"
#include "engine/key_text.h"
#include "engine/load_plan.h"
#include "transforms/document_encoder.h"

namespace spillway {
namespace {

bool Names(const RowKey& key, const Document& document) {
  return document.id == key.id &&
         (key.partition_key.empty() || document.partition_key == key.partition_key);
}

bool Names(const RowKey& key, const RejectedRow& row) {
  return IsKeyText(row.key, key.partition_key, key.id);
}

bool IsWholeNumber(const std::string& text) {
  constexpr size_t kDigitsMax = 15;  // exact in every type of number
  return !text.empty() && text.size() <= kDigitsMax && (text.size() == 1 || text.front() != '0') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string SqlText(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

DocumentOptions WithCondition(DocumentOptions documents, const std::string& condition) {
  documents.filter = documents.filter.empty()
                         ? condition
                         : fmt::format("({}) AND {}", documents.filter, condition);
  return documents;
}

// What the images of one version that name the key add up to.
class Tally {
 public:
  explicit Tally(const RowKey& key) : key_(key) {}

  void Add(const EncodedBatch& encoded, const std::vector<Image>& images) {
    for (const Document& document : encoded.documents) {
      if (!Names(key_, document)) continue;
      One& one = Of(document.partition_key);
      (images[document.row] == Image::kNew ? one.after : one.before) = document.body;
      ++(images[document.row] == Image::kNew ? one.version.new_images : one.version.old_images);
    }
    for (const RejectedRow& row : encoded.rejected) {
      if (!Names(key_, row)) continue;
      One& one = Of(key_.partition_key);
      const bool is_new = images[row.row] == Image::kNew;
      ++(is_new ? one.version.new_images : one.version.old_images);
      if (!is_new) continue;
      one.version.reason = row.reason;
      one.version.message = row.message;
    }
  }

  void MoveTo(const ChangesInfo& info, RowFinder::History& history) {
    for (One& one : ones_) {
      if (one.after == one.before && one.version.reason.empty()) continue;
      if (history.versions.size() >= kRowVersionsMax) {
        history.more = true;
        return;
      }
      one.version.version = info.version;
      one.version.first_version = info.first_version;
      one.version.timestamp_ms = info.timestamp_ms;
      one.version.method = info.method;
      one.version.fate = one.after ? one.before ? KeyFate::kReplaced : KeyFate::kInserted
                         : !one.version.reason.empty() ? KeyFate::kRejected
                                                       : KeyFate::kDeleted;
      if (one.after) one.version.document = *std::move(one.after);
      history.versions.push_back(std::move(one.version));
    }
  }

 private:
  struct One {
    std::optional<std::string> before;
    std::optional<std::string> after;
    RowVersion version;
  };

  One& Of(std::string_view partition_key) {
    for (One& one : ones_) {
      if (one.version.partition_key == partition_key) return one;
    }
    ones_.emplace_back().version.partition_key = partition_key;
    return ones_.back();
  }

  const RowKey& key_;
  std::vector<One> ones_;  // one per partition key
};

}  // namespace

// With a condition on the id's column, where it is one column of a type that can be compared: then
// rows of other keys are not even encoded. What is found is looked at all the same.
Result<DocumentOptions> RowFinder::Narrowed(const RowKey& key, const ArrowSchema& schema) const {
  std::vector<DocumentOptions> candidates;
  const bool plain_id =
      documents_.id_columns.size() == 1 &&
      (documents_.id_escaping == IdEscaping::kReject || key.id.find('%') == std::string::npos);
  if (plain_id) {
    const std::string column = fmt::format("`{}`", documents_.id_columns.front());
    candidates.push_back(
        WithCondition(documents_, fmt::format("{} = {}", column, SqlText(key.id))));
    if (IsWholeNumber(key.id)) {
      candidates.push_back(WithCondition(documents_, fmt::format("{} = {}", column, key.id)));
    }
  }
  for (DocumentOptions& candidate : candidates) {
    if (DocumentEncoder::Make(candidate, schema, capabilities_).ok()) return std::move(candidate);
  }
  return documents_;
}

Result<std::vector<FoundRow>> RowFinder::Find(const RowKey& key, int64_t version,
                                              const CallContext& ctx) {
  VersionSelector at;
  at.version = version;
  const uint64_t batch_bytes = BatchBytesTarget(memory_bytes_max_);
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> whole,
                   OpenMapped(source_, documents_, at, batch_bytes, ctx));
  ASSIGN_OR_RETURN(const DocumentOptions narrowed, Narrowed(key, whole->schema()->get()));
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot,
                   OpenMapped(source_, narrowed, at, batch_bytes, ctx));
  ASSIGN_OR_RETURN(const std::unique_ptr<DocumentEncoder> encoder,
                   DocumentEncoder::Make(narrowed, snapshot->schema()->get(), capabilities_));
  std::vector<FoundRow> found;
  const auto look = [&](const EncodedBatch& encoded) {
    for (const Document& document : encoded.documents) {
      if (!Names(key, document)) continue;
      found.push_back({std::string(document.partition_key),
                       std::string(document.id),
                       std::string(document.body),
                       {},
                       {}});
    }
    for (const RejectedRow& row : encoded.rejected) {
      if (!Names(key, row)) continue;
      found.push_back({key.partition_key, key.id, {}, row.reason, row.message});
    }
    return Status::Ok();
  };
  for (uint32_t split = 0; split < snapshot->splits().size(); ++split) {
    RETURN_IF_ERROR(ReadEncoded(*snapshot, *encoder, split, Intent::kUpsert, look, ctx));
  }
  return found;
}

Result<RowFinder::History> RowFinder::Follow(const RowKey& key, int64_t after, int64_t through,
                                             ChangePolicy policy, const CallContext& ctx) {
  VersionSelector at;
  at.version = after;
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> start,
                   OpenMapped(source_, documents_, at, BatchBytesTarget(memory_bytes_max_), ctx));
  ChangesRequest request;
  request.after = start->position();
  request.policy = policy == ChangePolicy::kIndex ? ChangePolicy::kAuto : policy;
  request.until = through;
  request.batch_bytes_target = BatchBytesTarget(memory_bytes_max_);
  ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(documents_));
  ASSIGN_OR_RETURN(const std::unique_ptr<ChangeLog> log, source_.OpenChanges(request, ctx));
  History history;
  while (!history.more) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const std::unique_ptr<VersionChanges> changes, log->Next(ctx));
    if (changes == nullptr || changes->info().first_version > through) break;
    RETURN_IF_ERROR(LookAt(key, *changes, history, ctx));
  }
  return history;
}

Status RowFinder::LookAt(const RowKey& key, const VersionChanges& changes, History& history,
                         const CallContext& ctx) const {
  if (changes.splits().empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const DocumentOptions narrowed, Narrowed(key, changes.schema()->get()));
  ASSIGN_OR_RETURN(const std::unique_ptr<DocumentEncoder> encoder,
                   DocumentEncoder::Make(narrowed, changes.schema()->get(), capabilities_));
  Tally tally(key);
  for (uint32_t split = 0; split < changes.splits().size(); ++split) {
    ASSIGN_OR_RETURN(const std::unique_ptr<ImageReader> reader, changes.OpenSplit(split, ctx));
    while (true) {
      RETURN_IF_ERROR(ctx.CheckNotStopped());
      ASSIGN_OR_RETURN(const std::optional<ImageBatch> batch, reader->Next(ctx));
      if (!batch.has_value()) break;
      ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                       encoder->Encode(batch->rows, Intent::kUpsert));
      tally.Add(*encoded, batch->images);
    }
  }
  tally.MoveTo(changes.info(), history);
  return Status::Ok();
}

}  // namespace spillway
