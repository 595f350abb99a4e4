#include "verify/suspects.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "json/canonical_hash.h"
#include "json/json_member.h"
#include "verify/row_fetch.h"

namespace spillway {
namespace {

// Shares of the knob.
constexpr uint64_t kListShare = 64;
constexpr uint64_t kFoundShare = 64;
constexpr uint64_t kPlacesShare = 64;
constexpr uint64_t kReadAtOnce = 4'096;
// Whose history is kept in memory: 16 bytes each.
constexpr uint64_t kJudgedMax = 1'000'000;

Status CannotTell(const std::string& why) {
  return Unavailable(
             "what differed while the pipeline was at work cannot be told from what it was"
             " writing: " +
             why)
      .WithHint("run it again, or when the pipeline rests");
}

}  // namespace

// Reads documents by key, as many at a time as the destination takes.
class Suspects::Lookup {
 public:
  Lookup(const SuspectParts& parts, KeyReader& reader, ExternalSort<Found>& found,
         const CallContext& ctx)
      : parts_(parts), reader_(reader), found_(found), ctx_(ctx) {}

  Status Add(const Hash128& identity, KeyFile::Key key) {
    identities_.push_back(identity);
    keys_.push_back(std::move(key));
    return keys_.size() == reader_.keys_max() ? Flush() : Status::Ok();
  }

  Status Flush() {
    std::vector<DocumentKey> keys;
    for (const KeyFile::Key& key : keys_) keys.push_back({key.partition_key, key.id});
    if (keys.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> bodies,
                     PacedRead(reader_, parts_.pace, keys, ctx_));
    for (size_t i = 0; i < bodies.size(); ++i) {
      Found found{.identity = identities_[i], .content = {}};
      if (bodies[i].has_value()) RETURN_IF_ERROR(Look(*bodies[i], &found));
      RETURN_IF_ERROR(found_.Add(found));
    }
    identities_.clear();
    keys_.clear();
    return Status::Ok();
  }

 private:
  Status Look(const std::string& body, Found* found) const {
    found->there = true;
    ASSIGN_OR_RETURN(found->content, CanonicalHash(body, parts_.ignored_fields));
    const std::optional<SoftDelete>& mark = parts_.documents.soft_delete;
    if (!mark.has_value()) return Status::Ok();
    ASSIGN_OR_RETURN(found->marked, HasMember(body, mark->field, mark->value));
    return Status::Ok();
  }

  const SuspectParts& parts_;
  KeyReader& reader_;
  ExternalSort<Found>& found_;
  const CallContext& ctx_;
  std::vector<Hash128> identities_;
  std::vector<KeyFile::Key> keys_;
};

Suspects::Suspects(const SuspectParts& parts, const std::string& spill_prefix,
                   uint64_t memory_bytes_max)
    : parts_(parts),
      spill_prefix_(spill_prefix),
      memory_bytes_max_(memory_bytes_max),
      mismatches_(spill_prefix + "-suspects.spill", memory_bytes_max / kListShare),
      found_(spill_prefix + "-found.spill", memory_bytes_max / kFoundShare) {}

Status Suspects::Add(const Mismatch& mismatch) {
  return mismatches_.Append(mismatch);
}

Status Suspects::VisitAll(const std::function<Status(const Mismatch&)>& visit) const {
  for (uint64_t first = 0; first < mismatches_.size(); first += kReadAtOnce) {
    ASSIGN_OR_RETURN(const std::vector<Mismatch> read, mismatches_.Read(first, kReadAtOnce));
    for (const Mismatch& mismatch : read) RETURN_IF_ERROR(visit(mismatch));
  }
  return Status::Ok();
}

Status Suspects::TakeAll(const std::function<Status(const Mismatch&)>& on_difference) const {
  return VisitAll(on_difference);
}

// The keys of what is missing stand in the rows alone.
Status Suspects::ReadAgain(const CallContext& ctx, double* cost) {
  ASSIGN_OR_RETURN(const std::unique_ptr<KeyReader> reader,
                   parts_.run.destination.OpenKeyReader(ctx));
  Lookup lookup(parts_, *reader, found_, ctx);
  RowFetch rows(spill_prefix_ + "-missing.spill", memory_bytes_max_ / kPlacesShare);
  const auto ask = [&](const Mismatch& mismatch) -> Status {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    if (mismatch.kind == DifferenceKind::kMissing) return rows.Add(mismatch.row_place);
    ASSIGN_OR_RETURN(KeyFile::Key key, parts_.comparison.keys().Read(mismatch.key_place));
    return lookup.Add(mismatch.identity, std::move(key));
  };
  RETURN_IF_ERROR(VisitAll(ask));
  const FetchParts fetch{parts_.comparison.snapshot(), parts_.comparison.encoder(),
                         parts_.comparison.reading()};
  RETURN_IF_ERROR(rows.Read(
      fetch,
      [&](const Document& document, uint64_t) {
        return lookup.Add(document.identity, {.partition_key = std::string(document.partition_key),
                                              .id = std::string(document.id)});
      },
      ctx));
  RETURN_IF_ERROR(lookup.Flush());
  *cost += reader->cost();
  return found_.StartReading();
}

Result<SettledSuspects> Suspects::Settle(
    const Checkpoint& compared_at, const std::function<Status(const Mismatch&)>& on_difference,
    const CallContext& ctx) {
  SettledSuspects settled;
  settled.through = compared_at.version;
  if (size() > kJudgedMax) return CannotTell(fmt::format("there are {} of them", size()));
  const auto where = [this, &ctx]() -> Result<Checkpoint> {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> now,
                     parts_.run.state.LoadCheckpoint(parts_.comparison.pipeline()));
    if (!now.has_value()) return CannotTell("its state is gone");
    return *now;
  };
  ASSIGN_OR_RETURN(const Checkpoint before, where());
  RETURN_IF_ERROR(ReadAgain(ctx, &settled.cost));
  ASSIGN_OR_RETURN(const Checkpoint after, where());
  if (after.phase != LoadPhase::kLoaded || after.table_id != compared_at.table_id ||
      after.mapping_hash != compared_at.mapping_hash || after.version < compared_at.version) {
    return CannotTell("the table was loaded anew meanwhile");
  }
  settled.through = std::max(after.version, after.begun_through);
  std::vector<Hash128> identities;
  RETURN_IF_ERROR(VisitAll([&](const Mismatch& mismatch) {
    identities.push_back(mismatch.identity);
    return Status::Ok();
  }));
  KeyHistory history(std::move(identities));
  const HistoryParts reading{parts_.run.source, parts_.run.destination.capabilities(),
                             parts_.documents, parts_.ignored_fields};
  if (settled.through > compared_at.version) {
    Status read = history.Read(reading, compared_at, settled.through, ctx);
    if (read.code() == StatusCode::kCancelled) return read;
    if (!read.ok()) return CannotTell(std::string(read.message()));
  }
  const auto judge = [&](const Mismatch& mismatch) -> Status {
    ASSIGN_OR_RETURN(const std::optional<Found> found, found_.Next());
    if (!found.has_value() || found->identity != mismatch.identity) {
      return Internal("a document that was to be read again was not");
    }
    ASSIGN_OR_RETURN(const bool differs,
                     Judge(mismatch, *found, history, before.version, &settled));
    if (!differs) return Status::Ok();
    Mismatch now = mismatch;
    now.found = found->content;
    if (mismatch.kind != DifferenceKind::kExtra) {
      now.kind = found->there ? DifferenceKind::kDifferent : DifferenceKind::kMissing;
    }
    return on_difference(now);
  };
  RETURN_IF_ERROR(VisitAll(judge));
  return settled;
}

Result<bool> Suspects::Judge(const Mismatch& mismatch, const Found& found,
                             const KeyHistory& history, int64_t first,
                             SettledSuspects* settled) const {
  DocumentState base;
  if (mismatch.kind != DifferenceKind::kExtra) base = mismatch.expected;
  // A marked document stands for none; one whose row is there must not bear the mark.
  DocumentState state;
  if (found.there && !found.marked) state = found.content;
  if (state == base) {
    if (base.has_value()) ++settled->equal;
    return false;
  }
  if (!history.Had(mismatch.identity, base, state, first, settled->through)) return true;
  ++settled->moving;
  return false;
}

}  // namespace spillway
