#include "engine/duplicate_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace spillway {
namespace {

constexpr size_t kDuplicatesListedMax = 10;
constexpr size_t kWinnersAtATimeMax = 500'000;  // 8 MB; more are written in several rounds

// The key of one row, read again: the log keeps hashes alone.
Result<std::string> KeyAt(const DuplicateParts& parts, const RowPlace& place,
                          const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                   parts.snapshot.OpenSplit(place.split, place.row, ctx));
  ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx));
  if (!batch.has_value()) return Internal("a row that was read before is not there");
  ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                   parts.encoder.Encode(*batch, Intent::kDelete));
  if (encoded->documents.empty() || encoded->documents.front().row != 0) {
    return Internal("a row that was a document before is none");
  }
  const Document& document = encoded->documents.front();
  return fmt::format("id '{}' in partition {}", document.id, document.partition_key);
}

class Lister {
 public:
  Lister(const DuplicateParts& parts, const CallContext& ctx) : parts_(parts), ctx_(ctx) {}

  Status Add(const DuplicateGroup& group) {
    ++identities_;
    rows_ += group.rows;
    if (listed_.size() < kDuplicatesListedMax) listed_.push_back(group);
    return Status::Ok();
  }

  Status Verdict() const {
    if (identities_ == 0) return Status::Ok();
    std::string message = fmt::format(
        "{} ids are shared by {} rows, and duplicates: fail is set; the container holds one of "
        "each",
        identities_, rows_);
    for (const DuplicateGroup& group : listed_) {
      ASSIGN_OR_RETURN(const std::string key, KeyAt(parts_, group.first, ctx_));
      message += fmt::format("\n  {}: {} rows, the first in {} row {}, the last in {} row {}", key,
                             group.rows, SplitKey(group.first), group.first.row,
                             SplitKey(group.last), group.last.row);
    }
    if (identities_ > listed_.size()) {
      message += fmt::format("\n  and {} more", identities_ - listed_.size());
    }
    return Conflict(std::move(message))
        .WithHint("make the id unique in the table or in destination.id, or set duplicates: last");
  }

 private:
  const std::string& SplitKey(const RowPlace& place) const {
    return parts_.snapshot.splits()[place.split].key;
  }

  const DuplicateParts& parts_;
  const CallContext& ctx_;
  uint64_t identities_ = 0;
  uint64_t rows_ = 0;
  std::vector<DuplicateGroup> listed_;
};

class Rewriter {
 public:
  explicit Rewriter(const DuplicateParts& parts) : parts_(parts) {}

  Status Add(const DuplicateGroup& group) {
    if (group.rows_upserted < 2) return Status::Ok();
    superseded_ += group.rows_upserted - 1;
    winners_.push_back(group.last_upserted);
    return winners_.size() == kWinnersAtATimeMax ? Flush() : Status::Ok();
  }

  Status Flush() {
    if (winners_.empty()) return Status::Ok();
    std::sort(winners_.begin(), winners_.end());
    std::vector<SplitWork> work;
    for (const RowPlace& winner : winners_) {
      if (work.empty() || work.back().split != winner.split) {
        work.push_back({winner.split, winner.row, {}});
      }
      work.back().only_rows.push_back(winner.row);
    }
    winners_.clear();
    return parts_.rewrite(std::move(work));
  }

  uint64_t superseded() const { return superseded_; }

 private:
  const DuplicateParts& parts_;
  std::vector<RowPlace> winners_;
  uint64_t superseded_ = 0;
};

}  // namespace

Status CheckLogComplete(uint64_t rows_known, const IntentCounts& counts) {
  const uint64_t written = counts.upserted + counts.deleted + counts.delete_found_nothing +
                           counts.unchanged + counts.superseded;
  if (rows_known >= written) return Status::Ok();
  return DataLoss(
             fmt::format("the identities of {} of {} rows are missing from the spill folder, so"
                         " duplicates cannot be ruled out",
                         written - rows_known, written))
      .WithHint("load again with --full");
}

Status CheckDuplicatePolicy(DuplicatePolicy policy, WriteMode mode) {
  const bool first_write_decides = mode == WriteMode::kAppend ||
                                   mode == WriteMode::kUpsertIfNotModified ||
                                   mode == WriteMode::kDeleteIfNotModified;
  if (policy == DuplicatePolicy::kFail || !first_write_decides) return Status::Ok();
  return InvalidArgument(
             "duplicates: last cannot be kept under a mode in which a later write of the same id is"
             " left out (append, upsert_if_not_modified, delete_if_not_modified)")
      .WithHint("set duplicates: fail, or another mode");
}

Result<uint64_t> ApplyDuplicatePolicy(const DuplicateParts& parts, DuplicatePolicy policy,
                                      const IntentCounts& counts, const CallContext& ctx) {
  Lister lister(parts, ctx);
  Rewriter rewriter(parts);
  const auto visit = [&](const DuplicateGroup& group) {
    return policy == DuplicatePolicy::kFail ? lister.Add(group) : rewriter.Add(group);
  };
  ASSIGN_OR_RETURN(const uint64_t rows_known,
                   FindDuplicates(parts.log, parts.spill_path, parts.memory_bytes_max, visit, ctx));
  RETURN_IF_ERROR(CheckLogComplete(rows_known, counts));
  RETURN_IF_ERROR(lister.Verdict());
  RETURN_IF_ERROR(rewriter.Flush());
  return rewriter.superseded();
}

}  // namespace spillway
