#include "verify/key_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "changes/column_policy.h"
#include "json/canonical_hash.h"

namespace spillway {
namespace {

constexpr size_t kEntriesMax = 1'000'000;

}  // namespace

bool KeyHistory::Entry::operator<(const Entry& other) const {
  return std::tie(identity, version, kind, number) <
         std::tie(other.identity, other.version, other.kind, other.number);
}

Status KeyHistory::Read(const HistoryParts& parts, const Checkpoint& after, int64_t through,
                        const CallContext& ctx) {
  ChangesRequest request;
  request.after = after.position;
  request.until = through;
  ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(parts.documents));
  ASSIGN_OR_RETURN(const std::unique_ptr<ChangeLog> log, parts.source.OpenChanges(request, ctx));
  std::vector<std::string> late_columns = after.late_columns;
  for (int64_t version = after.version; version < through;) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const std::unique_ptr<VersionChanges> changes, log->Next(ctx));
    if (changes == nullptr) {
      return Unsupported(fmt::format("the table does not tell of version {} yet", version + 1));
    }
    const ChangesInfo& info = changes->info();
    if (info.first_version != info.version) {
      return Unsupported(fmt::format("the table tells versions {} to {} as one", info.first_version,
                                     info.version));
    }
    RETURN_IF_ERROR(
        JudgeColumnChanges(info.column_changes, parts.documents, info.version, &late_columns));
    if (!changes->splits().empty()) {
      ASSIGN_OR_RETURN(const std::unique_ptr<DocumentEncoder> encoder,
                       DocumentEncoder::Make(WithLateColumns(parts.documents, late_columns),
                                             changes->schema()->get(), parts.capabilities));
      RETURN_IF_ERROR(ReadVersion(*changes, *encoder, parts.ignored_fields, ctx));
    }
    version = info.version;
  }
  std::sort(entries_.begin(), entries_.end());
  return Status::Ok();
}

Status KeyHistory::ReadVersion(const VersionChanges& changes, const DocumentEncoder& encoder,
                               std::span<const std::string> ignored_fields,
                               const CallContext& ctx) {
  for (uint32_t split = 0; split < changes.splits().size(); ++split) {
    ASSIGN_OR_RETURN(const std::unique_ptr<ImageReader> reader, changes.OpenSplit(split, ctx));
    while (true) {
      RETURN_IF_ERROR(ctx.CheckNotStopped());
      ASSIGN_OR_RETURN(const std::optional<ImageBatch> batch, reader->Next(ctx));
      if (!batch.has_value()) break;
      RETURN_IF_ERROR(Add(*batch, encoder, changes.info().version, ignored_fields));
    }
  }
  return Status::Ok();
}

Status KeyHistory::Add(const ImageBatch& batch, const DocumentEncoder& encoder, int64_t version,
                       std::span<const std::string> ignored_fields) {
  ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                   encoder.Encode(batch.rows, Intent::kUpsert));
  for (const Document& document : encoded->documents) {
    if (!Asked(document.identity)) continue;
    Entry entry{.identity = document.identity, .version = version, .content = {}};
    if (batch.images[document.row] == Image::kNew) {
      entry.kind = Entry::Kind::kThere;
      ASSIGN_OR_RETURN(entry.content, CanonicalHash(document.body, ignored_fields));
    }
    RETURN_IF_ERROR(Note(entry));
  }
  for (const RejectedRow& refused : encoded->rejected) {
    if (!refused.identity.has_value() || !Asked(*refused.identity)) continue;
    Entry entry{.identity = *refused.identity, .version = version, .content = {}};
    if (batch.images[refused.row] == Image::kNew) entry.kind = Entry::Kind::kRefused;
    RETURN_IF_ERROR(Note(entry));
  }
  return Status::Ok();
}

Status KeyHistory::Note(Entry entry) {
  if (entries_.size() == kEntriesMax) {
    return Unsupported(fmt::format("the documents in question changed {} times", kEntriesMax));
  }
  entry.number = entries_.size();
  entries_.push_back(entry);
  return Status::Ok();
}

bool KeyHistory::Asked(const Hash128& identity) const {
  return std::binary_search(identities_.begin(), identities_.end(), identity);
}

// What a version leaves behind is its last entry: a new image beats an old one, and a refused row
// leaves the document as it was.
bool KeyHistory::Had(const Hash128& identity, const DocumentState& base, const DocumentState& state,
                     int64_t first, int64_t last) const {
  DocumentState now = base;
  auto entry = std::lower_bound(
      entries_.begin(), entries_.end(), identity,
      [](const Entry& candidate, const Hash128& wanted) { return candidate.identity < wanted; });
  for (; entry != entries_.end() && entry->identity == identity && entry->version <= last;
       ++entry) {
    const auto next = entry + 1;
    const bool more_of_version =
        next != entries_.end() && next->identity == identity && next->version == entry->version;
    if (more_of_version) continue;
    if (entry->version > first && now == state) return true;
    if (entry->kind == Entry::Kind::kThere) now = entry->content;
    if (entry->kind == Entry::Kind::kGone) now.reset();
  }
  return now == state;
}

}  // namespace spillway
