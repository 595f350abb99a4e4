#include "sources/delta/delta_history.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace spillway {
namespace {

// Fetched at the same time.
constexpr int64_t kCommitsOfFetch = 16;

// The first of these metrics that the writer has counted.
std::optional<uint64_t> FirstOf(const DeltaCommit& commit,
                                std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = commit.metrics.find(name);
    if (found != commit.metrics.end()) return found->second;
  }
  return std::nullopt;
}

// Rows of files; nullopt: one of them has no statistics.
struct FileRows {
  std::optional<uint64_t> added = 0;
  std::optional<uint64_t> removed = 0;
  uint64_t masked = 0;  // in files that stayed, under a deletion vector that has grown
  bool any_added = false;
  bool any_removed = false;

  static void Add(const std::optional<uint64_t>& rows, std::optional<uint64_t>& sum, bool& any) {
    any = true;
    if (sum.has_value() && rows.has_value()) {
      *sum += *rows;
    } else {
      sum.reset();
    }
  }
};

// A file that is removed and added at once got another deletion vector.
FileRows CountFiles(const DeltaCommit& commit) {
  std::map<std::string_view, const LoggedFile*> removed;
  for (const LoggedFile& file : commit.files) {
    if (file.action == LoggedFile::Action::kRemove) removed.emplace(file.path, &file);
  }
  FileRows rows;
  for (const LoggedFile& file : commit.files) {
    if (file.action != LoggedFile::Action::kAdd) continue;
    const auto before = removed.find(file.path);
    if (before == removed.end()) {
      FileRows::Add(file.rows, rows.added, rows.any_added);
      continue;
    }
    const std::optional<uint64_t> rows_before = before->second->rows;
    removed.erase(before);
    if (!rows_before.has_value() || !file.rows.has_value() || *file.rows > *rows_before) {
      FileRows::Add(std::nullopt, rows.removed, rows.any_removed);
    } else {
      rows.masked += *rows_before - *file.rows;
    }
  }
  for (const auto& [path, file] : removed) {
    FileRows::Add(file->rows, rows.removed, rows.any_removed);
  }
  return rows;
}

// Rows that were taken out and put in, unchanged ones among them: a row that is in both is taken
// for an update.
void Overlay(uint64_t added, uint64_t removed, VersionRows& rows) {
  rows.updated = std::min(added, removed);
  rows.inserted = added - rows.updated;
  rows.deleted = removed - rows.updated;
}

// A write with metrics: rows that replace others are not told from those that they replace.
VersionRows RowsOfWrite(uint64_t written, const FileRows& files) {
  VersionRows rows;
  if (!files.any_removed) {
    rows.inserted = written;
    return rows;
  }
  rows.basis = RowCountBasis::kFiles;
  Overlay(written, files.removed.value_or(written), rows);
  return rows;
}

}  // namespace

VersionRows RowsOf(const DeltaCommit& commit) {
  VersionRows rows;
  const auto inserted = FirstOf(commit, {"numTargetRowsInserted", "num_target_rows_inserted"});
  const auto updated = FirstOf(commit, {"numTargetRowsUpdated", "num_target_rows_updated",
                                        "numUpdatedRows", "num_updated_rows"});
  const auto deleted = FirstOf(commit, {"numTargetRowsDeleted", "num_target_rows_deleted",
                                        "numDeletedRows", "num_deleted_rows"});
  const auto written = FirstOf(commit, {"numOutputRows", "num_added_rows"});
  const FileRows files = CountFiles(commit);
  const bool changes_rows = files.any_added || files.any_removed || files.masked > 0;
  if (!changes_rows) {
    // Maintenance, or an operation that found nothing to do.
  } else if (inserted || updated || (deleted && !written)) {
    rows.inserted = inserted.value_or(0);
    rows.updated = updated.value_or(0);
    rows.deleted = deleted.value_or(0);
  } else if (written) {
    rows = RowsOfWrite(*written, files);
  } else if (files.added.has_value() && files.removed.has_value()) {
    rows.basis = RowCountBasis::kFiles;
    Overlay(*files.added, *files.removed, rows);
    rows.deleted += files.masked;
  } else {
    rows.basis = RowCountBasis::kUnknown;
  }
  rows.operation = commit.operation;
  return rows;
}

namespace {

// Walks back from the newest commit.
class HistoryWalk {
 public:
  HistoryWalk(const DeltaTable& table, const HistoryRequest& request, const CallContext& ctx)
      : table_(table), request_(request), ctx_(ctx) {}

  Result<TableHistory> Walk() {
    int64_t next = request_.through;
    // The first version made the table: a load, not a change.
    while (next > 0 && !reached_begin_) {
      if (history_.versions.size() >= kHistoryCommitsMax) {
        history_.complete = false;
        break;
      }
      RETURN_IF_ERROR(ctx_.CheckNotStopped());
      const int64_t first = std::max<int64_t>(1, next - kCommitsOfFetch + 1);
      ASSIGN_OR_RETURN(const bool all, Fetch(first, next));
      if (!all) break;
      next = first - 1;
    }
    if (reached_begin_) {
      history_.from_ms = request_.since_ms;
    } else if (!history_.versions.empty()) {
      history_.from_ms = history_.versions.back().timestamp_ms;
    }
    std::reverse(history_.versions.begin(), history_.versions.end());
    return std::move(history_);
  }

 private:
  // False: the log does not go back as far.
  Result<bool> Fetch(int64_t first, int64_t last) {
    ASSIGN_OR_RETURN(const std::vector<CommitFile> files,
                     table_.ReadCommits(first, static_cast<size_t>(last - first + 1), ctx_));
    if (files.size() == static_cast<size_t>(last - first + 1)) {
      for (int64_t version = last; version >= first && !reached_begin_; --version) {
        RETURN_IF_ERROR(Add(version, files[static_cast<size_t>(version - first)]));
      }
      return true;
    }
    // Some of them were cleaned: one by one, down to the first that is gone.
    for (int64_t version = last; version >= first && !reached_begin_; --version) {
      ASSIGN_OR_RETURN(const auto file, table_.ReadCommit(version, ctx_));
      if (!file.has_value()) return false;
      RETURN_IF_ERROR(Add(version, *file));
    }
    return true;
  }

  Status Add(int64_t version, const CommitFile& file) {
    ASSIGN_OR_RETURN(const ParsedCommit parsed, ParseCommit(file.content));
    if (parsed.is_cut_off) return Status::Ok();
    VersionRows rows = RowsOf(parsed.commit);
    rows.version = version;
    rows.timestamp_ms = parsed.commit.in_commit_timestamp_ms.value_or(file.modified_ms);
    if (rows.timestamp_ms < request_.since_ms) {
      reached_begin_ = true;
      return Status::Ok();
    }
    history_.versions.push_back(std::move(rows));
    return Status::Ok();
  }

  const DeltaTable& table_;
  const HistoryRequest& request_;
  const CallContext& ctx_;
  TableHistory history_;
  bool reached_begin_ = false;
};

}  // namespace

Result<TableHistory> ReadDeltaHistory(const DeltaTable& table, const HistoryRequest& request,
                                      const CallContext& ctx) {
  return HistoryWalk(table, request, ctx).Walk();
}

}  // namespace spillway
