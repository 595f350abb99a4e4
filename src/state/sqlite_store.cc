// The state store on SQLite: one connection behind one mutex; every call is one short transaction.
#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "state/migrations.h"
#include "state/sqlite_database.h"
#include "state/sqlite_lease.h"
#include "state/state_store.h"

namespace spillway {
namespace {

constexpr int64_t kApplicationId = 0x53504c57;  // marks the file as ours (PRAGMA application_id)

constexpr std::string_view kCountColumns =
    "read, upserted, deleted, delete_found_nothing, unchanged, superseded, filtered, rejected,"
    " inserted, replaced";
constexpr std::string_view kRunColumns =
    "id, pipeline, kind, state, started_ms, ended_ms, version, cost, requests, throttled_requests,"
    " bytes_sent, message, unsure, units_cap, peak_normalised";

void BindCounts(SqliteStatement& statement, const IntentCounts& counts) {
  statement.Bind(counts.read).Bind(counts.upserted).Bind(counts.deleted);
  statement.Bind(counts.delete_found_nothing).Bind(counts.unchanged).Bind(counts.superseded);
  statement.Bind(counts.filtered).Bind(counts.rejected).Bind(counts.inserted);
  statement.Bind(counts.replaced);
}

IntentCounts ReadCounts(const SqliteStatement& row, int first) {
  IntentCounts counts;
  counts.read = row.Unsigned(first);
  counts.upserted = row.Unsigned(first + 1);
  counts.deleted = row.Unsigned(first + 2);
  counts.delete_found_nothing = row.Unsigned(first + 3);
  counts.unchanged = row.Unsigned(first + 4);
  counts.superseded = row.Unsigned(first + 5);
  counts.filtered = row.Unsigned(first + 6);
  counts.rejected = row.Unsigned(first + 7);
  counts.inserted = row.Unsigned(first + 8);
  counts.replaced = row.Unsigned(first + 9);
  return counts;
}

RunRecord ReadRun(const SqliteStatement& row) {
  RunRecord run;
  run.id = row.Int(0);
  run.pipeline = row.Text(1);
  run.kind = row.Text(2);
  run.state = static_cast<RunState>(row.Int(3));
  run.started_ms = row.Int(4);
  run.ended_ms = row.Int(5);
  run.version = row.Int(6);
  run.cost = row.Real(7);
  run.requests = row.Unsigned(8);
  run.throttled_requests = row.Unsigned(9);
  run.bytes_sent = row.Unsigned(10);
  run.message = row.Text(11);
  run.unsure = row.Unsigned(12);
  run.units_cap = row.Real(13);
  run.peak_normalised = row.Real(14);
  run.counts = ReadCounts(row, 15);
  return run;
}

// Everything of a run that can change, in the order of UpdateRun's and StartRun's statements.
void BindRunState(SqliteStatement& statement, const RunRecord& run) {
  statement.Bind(static_cast<int64_t>(run.state)).Bind(run.started_ms).Bind(run.ended_ms);
  statement.Bind(run.version).Bind(run.cost).Bind(run.requests).Bind(run.throttled_requests);
  statement.Bind(run.bytes_sent).Bind(std::string_view(run.message)).Bind(run.unsure);
  statement.Bind(run.units_cap).Bind(run.peak_normalised);
  BindCounts(statement, run.counts);
}

Status Migrate(SqliteDatabase& database) {
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(database));
  ASSIGN_OR_RETURN(const int64_t application, database.QueryInt("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t tables, database.QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (application != kApplicationId && tables != 0) {
    return InvalidArgument(fmt::format("{} is a database of another program", database.path()))
        .WithHint("set state.path to a file of Spillway's own");
  }
  ASSIGN_OR_RETURN(const int64_t version, database.QueryInt("PRAGMA user_version"));
  const auto steps = Migrations();
  const auto known = static_cast<int64_t>(steps.size());
  if (version > known) {
    return Unsupported(fmt::format("state {} has schema {}; this program knows schemas up to {}",
                                   database.path(), version, known))
        .WithHint("it was written by a newer Spillway: upgrade this one");
  }
  if (version == known) return transaction.Commit();
  for (auto step = static_cast<size_t>(version); step < steps.size(); ++step) {
    RETURN_IF_ERROR(database.Execute(steps[step]));
  }
  const std::string marks =
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", kApplicationId, known);
  RETURN_IF_ERROR(database.Execute(marks.c_str()));
  return transaction.Commit();
}

class SqliteStore : public StateStore {
 public:
  explicit SqliteStore(std::shared_ptr<SqliteCore> core)
      : core_(std::move(core)), self_(ThisProcess()) {}

  Result<std::unique_ptr<Lease>> AcquireLease(std::string_view pipeline,
                                              std::chrono::milliseconds expires_after) override {
    return AcquireSqliteLease(core_, self_, pipeline, expires_after);
  }

  StoreInfo info() const override {
    return {"sqlite", core_->database->path(), static_cast<int64_t>(Migrations().size())};
  }
  Result<std::optional<LeaseHolder>> Holder(std::string_view pipeline) override {
    return ReadSqliteHolder(*core_, pipeline);
  }
  Result<std::optional<Checkpoint>> LoadCheckpoint(std::string_view pipeline) override;
  Result<std::vector<SplitProgress>> LoadProgress(std::string_view pipeline) override;
  Status StartLoad(std::string_view pipeline, const Checkpoint& checkpoint) override {
    return Restore(pipeline, checkpoint, {}, {});
  }
  Status Restore(std::string_view pipeline, const Checkpoint& checkpoint,
                 const std::vector<SplitProgress>& progress,
                 const std::vector<RejectedRecord>& rejected) override;
  Status StartWindow(std::string_view pipeline, const Checkpoint& checkpoint) override;
  Status Commit(std::string_view pipeline, const Checkpoint& checkpoint,
                const std::vector<SplitProgress>& moved,
                const std::vector<RejectedRecord>& rejected) override;
  Result<std::optional<std::string>> ThroughputLimitOf(std::string_view pipeline) override;
  Status SetThroughputLimit(std::string_view pipeline,
                            const std::optional<std::string>& limit) override;
  Result<std::optional<std::string>> TuningOf(std::string_view pipeline) override;
  Status SetTuning(std::string_view pipeline, const std::optional<std::string>& tuning) override;
  Result<int64_t> StartRun(const RunRecord& run) override;
  Status UpdateRun(const RunRecord& run) override;
  Result<std::vector<RunRecord>> Runs(std::string_view pipeline, uint32_t count_max) override;
  Result<std::vector<RejectedRecord>> Rejected(std::string_view pipeline,
                                               std::optional<int64_t> run_id,
                                               uint32_t count_max) override;
  Result<std::vector<ReasonCount>> RejectedByReason(std::string_view pipeline) override;

 private:
  SqliteDatabase& database() { return *core_->database; }
  // Of the pipeline's checkpoint; 0 when there is none.
  Result<int64_t> CurrentLoad(std::string_view pipeline);
  Status WriteCheckpoint(std::string_view pipeline, const Checkpoint& checkpoint, int64_t load);
  Result<std::vector<std::string>> ReadLateColumns(std::string_view pipeline);
  Status WriteLateColumns(std::string_view pipeline, const std::vector<std::string>& names);
  Status WriteProgress(std::string_view pipeline, const std::vector<SplitProgress>& moved);
  Status ForgetProgress(std::string_view pipeline);
  Status WriteRejected(std::string_view pipeline, const std::vector<RejectedRecord>& rejected,
                       int64_t load);

  const std::shared_ptr<SqliteCore> core_;
  const ProcessIdentity self_;
};

Result<std::optional<Checkpoint>> SqliteStore::LoadCheckpoint(std::string_view pipeline) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(
      SqliteStatement select,
      database().Prepare(fmt::format("SELECT table_id, location, version, phase, mapping_hash,"
                                     " splits, position, begun_through, documents, sweep, hold,"
                                     " hold_version, {} FROM checkpoints WHERE pipeline = ?",
                                     kCountColumns)));
  ASSIGN_OR_RETURN(const bool found, select.Bind(pipeline).Step());
  if (!found) return std::optional<Checkpoint>();
  Checkpoint checkpoint;
  checkpoint.table_id = select.Text(0);
  checkpoint.location = select.Text(1);
  checkpoint.version = select.Int(2);
  checkpoint.phase = static_cast<LoadPhase>(select.Int(3));
  checkpoint.mapping_hash = select.Text(4);
  checkpoint.splits = select.Unsigned(5);
  checkpoint.position = select.Text(6);
  checkpoint.begun_through = select.Int(7);
  checkpoint.documents = select.Unsigned(8);
  checkpoint.sweep = select.Int(9) != 0;
  checkpoint.hold = static_cast<Hold>(select.Int(10));
  checkpoint.hold_version = select.Int(11);
  checkpoint.counts = ReadCounts(select, 12);
  ASSIGN_OR_RETURN(checkpoint.late_columns, ReadLateColumns(pipeline));
  return std::optional<Checkpoint>(std::move(checkpoint));
}

Result<std::vector<std::string>> SqliteStore::ReadLateColumns(std::string_view pipeline) {
  ASSIGN_OR_RETURN(
      SqliteStatement select,
      database().Prepare("SELECT name FROM late_columns WHERE pipeline = ? ORDER BY name"));
  select.Bind(pipeline);
  std::vector<std::string> names;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return names;
    names.push_back(select.Text(0));
  }
}

Status SqliteStore::WriteLateColumns(std::string_view pipeline,
                                     const std::vector<std::string>& names) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   database().Prepare("INSERT OR IGNORE INTO late_columns (pipeline, name)"
                                      " VALUES (?, ?)"));
  for (const std::string& name : names) {
    RETURN_IF_ERROR(insert.Bind(pipeline).Bind(std::string_view(name)).Run());
  }
  return Status::Ok();
}

Result<std::vector<SplitProgress>> SqliteStore::LoadProgress(std::string_view pipeline) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(SqliteStatement select,
                   database().Prepare("SELECT split, rows_settled, complete FROM split_progress"
                                      " WHERE pipeline = ? ORDER BY split"));
  select.Bind(pipeline);
  std::vector<SplitProgress> progress;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return progress;
    progress.push_back(
        {static_cast<uint32_t>(select.Int(0)), select.Unsigned(1), select.Int(2) != 0});
  }
}

Result<int64_t> SqliteStore::CurrentLoad(std::string_view pipeline) {
  ASSIGN_OR_RETURN(SqliteStatement select,
                   database().Prepare("SELECT load FROM checkpoints WHERE pipeline = ?"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(pipeline).Step());
  return found ? select.Int(0) : int64_t{0};
}

Status SqliteStore::WriteCheckpoint(std::string_view pipeline, const Checkpoint& checkpoint,
                                    int64_t load) {
  ASSIGN_OR_RETURN(
      SqliteStatement insert,
      database().Prepare(fmt::format(
          "INSERT OR REPLACE INTO checkpoints (pipeline, load, table_id, location, version, phase,"
          " mapping_hash, splits, position, begun_through, documents, sweep,"
          " hold, hold_version, {}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "?, ?, ?, ?, ?, ?)",
          kCountColumns)));
  insert.Bind(pipeline).Bind(load).Bind(std::string_view(checkpoint.table_id));
  insert.Bind(std::string_view(checkpoint.location)).Bind(checkpoint.version);
  insert.Bind(static_cast<int64_t>(checkpoint.phase));
  insert.Bind(std::string_view(checkpoint.mapping_hash)).Bind(checkpoint.splits);
  insert.Bind(std::string_view(checkpoint.position)).Bind(checkpoint.begun_through);
  insert.Bind(checkpoint.documents).Bind(int64_t{checkpoint.sweep});
  insert.Bind(static_cast<int64_t>(checkpoint.hold)).Bind(checkpoint.hold_version);
  BindCounts(insert, checkpoint.counts);
  RETURN_IF_ERROR(insert.Run());
  return WriteLateColumns(pipeline, checkpoint.late_columns);
}

Status SqliteStore::ForgetProgress(std::string_view pipeline) {
  ASSIGN_OR_RETURN(SqliteStatement progress,
                   database().Prepare("DELETE FROM split_progress WHERE pipeline = ?"));
  return progress.Bind(pipeline).Run();
}

Status SqliteStore::StartWindow(std::string_view pipeline, const Checkpoint& checkpoint) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(database()));
  RETURN_IF_ERROR(CheckStillOwner(*core_, pipeline));
  ASSIGN_OR_RETURN(const int64_t load, CurrentLoad(pipeline));
  if (load == 0) return Internal(fmt::format("pipeline {}: StartWindow before a load", pipeline));
  RETURN_IF_ERROR(WriteCheckpoint(pipeline, checkpoint, load));
  RETURN_IF_ERROR(ForgetProgress(pipeline));
  return transaction.Commit();
}

Status SqliteStore::WriteProgress(std::string_view pipeline,
                                  const std::vector<SplitProgress>& moved) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   database().Prepare("INSERT OR REPLACE INTO split_progress"
                                      " (pipeline, split, rows_settled, complete)"
                                      " VALUES (?, ?, ?, ?)"));
  for (const SplitProgress& split : moved) {
    insert.Bind(pipeline).Bind(static_cast<int64_t>(split.split)).Bind(split.rows_settled);
    RETURN_IF_ERROR(insert.Bind(int64_t{split.complete}).Run());
  }
  return Status::Ok();
}

Status SqliteStore::WriteRejected(std::string_view pipeline,
                                  const std::vector<RejectedRecord>& rejected, int64_t load) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   database().Prepare("INSERT OR REPLACE INTO rejected_rows (pipeline, load,"
                                      " version, split, row, run_id, key, reason, message, at_ms)"
                                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  for (const RejectedRecord& row : rejected) {
    insert.Bind(pipeline).Bind(load).Bind(row.version).Bind(std::string_view(row.split));
    insert.Bind(row.row).Bind(row.run_id).Bind(std::string_view(row.key));
    insert.Bind(std::string_view(row.reason)).Bind(std::string_view(row.message));
    RETURN_IF_ERROR(insert.Bind(row.at_ms).Run());
  }
  return Status::Ok();
}

Status SqliteStore::Restore(std::string_view pipeline, const Checkpoint& checkpoint,
                            const std::vector<SplitProgress>& progress,
                            const std::vector<RejectedRecord>& rejected) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(database()));
  RETURN_IF_ERROR(CheckStillOwner(*core_, pipeline));
  ASSIGN_OR_RETURN(const int64_t previous, CurrentLoad(pipeline));
  ASSIGN_OR_RETURN(SqliteStatement columns,
                   database().Prepare("DELETE FROM late_columns WHERE pipeline = ?"));
  RETURN_IF_ERROR(columns.Bind(pipeline).Run());
  RETURN_IF_ERROR(WriteCheckpoint(pipeline, checkpoint, previous + 1));
  RETURN_IF_ERROR(ForgetProgress(pipeline));
  RETURN_IF_ERROR(WriteProgress(pipeline, progress));
  RETURN_IF_ERROR(WriteRejected(pipeline, rejected, previous + 1));
  ASSIGN_OR_RETURN(
      SqliteStatement old,
      database().Prepare("DELETE FROM rejected_rows WHERE pipeline = ? AND load <= ?"));
  RETURN_IF_ERROR(old.Bind(pipeline).Bind(previous + 1 - kLoadsWithRejectedRowsMax).Run());
  return transaction.Commit();
}

Status SqliteStore::Commit(std::string_view pipeline, const Checkpoint& checkpoint,
                           const std::vector<SplitProgress>& moved,
                           const std::vector<RejectedRecord>& rejected) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(database()));
  RETURN_IF_ERROR(CheckStillOwner(*core_, pipeline));
  ASSIGN_OR_RETURN(const int64_t load, CurrentLoad(pipeline));
  if (load == 0) return Internal(fmt::format("pipeline {}: Commit before StartLoad", pipeline));
  RETURN_IF_ERROR(WriteCheckpoint(pipeline, checkpoint, load));
  RETURN_IF_ERROR(WriteProgress(pipeline, moved));
  RETURN_IF_ERROR(WriteRejected(pipeline, rejected, load));
  return transaction.Commit();
}

Result<std::optional<std::string>> SqliteStore::ThroughputLimitOf(std::string_view pipeline) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(
      SqliteStatement statement,
      database().Prepare("SELECT throughput_limit FROM throughput_limits WHERE pipeline = ?"));
  ASSIGN_OR_RETURN(const bool found, statement.Bind(pipeline).Step());
  return found ? std::optional(statement.Text(0)) : std::nullopt;
}

Status SqliteStore::SetThroughputLimit(std::string_view pipeline,
                                       const std::optional<std::string>& limit) {
  std::lock_guard lock(core_->mutex);
  if (!limit.has_value()) {
    ASSIGN_OR_RETURN(SqliteStatement statement,
                     database().Prepare("DELETE FROM throughput_limits WHERE pipeline = ?"));
    return statement.Bind(pipeline).Run();
  }
  ASSIGN_OR_RETURN(SqliteStatement statement,
                   database().Prepare("INSERT OR REPLACE INTO throughput_limits VALUES (?, ?)"));
  return statement.Bind(pipeline).Bind(std::string_view(*limit)).Run();
}

Result<std::optional<std::string>> SqliteStore::TuningOf(std::string_view pipeline) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(SqliteStatement statement,
                   database().Prepare("SELECT tuning FROM tunings WHERE pipeline = ?"));
  ASSIGN_OR_RETURN(const bool found, statement.Bind(pipeline).Step());
  return found ? std::optional(statement.Text(0)) : std::nullopt;
}

Status SqliteStore::SetTuning(std::string_view pipeline, const std::optional<std::string>& tuning) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(database()));
  RETURN_IF_ERROR(CheckStillOwner(*core_, pipeline));
  ASSIGN_OR_RETURN(
      SqliteStatement statement,
      database().Prepare(tuning.has_value() ? "INSERT OR REPLACE INTO tunings VALUES (?, ?)"
                                            : "DELETE FROM tunings WHERE pipeline = ?"));
  statement.Bind(pipeline);
  if (tuning.has_value()) statement.Bind(std::string_view(*tuning));
  RETURN_IF_ERROR(statement.Run());
  return transaction.Commit();
}

Result<int64_t> SqliteStore::StartRun(const RunRecord& run) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(database()));
  // Whoever starts a run has the right to; one that still says "running" died without a word.
  ASSIGN_OR_RETURN(SqliteStatement abandon,
                   database().Prepare("UPDATE runs SET state = ?1, message = ?2 WHERE pipeline = ?3"
                                      " AND (kind = ?4 OR (kind <> 'verify' AND ?4 <> 'verify'))"
                                      " AND state = ?5"));
  abandon.Bind(static_cast<int64_t>(RunState::kAbandoned));
  abandon.Bind(std::string_view("its process ended without saying why"));
  abandon.Bind(std::string_view(run.pipeline)).Bind(std::string_view(run.kind));
  RETURN_IF_ERROR(abandon.Bind(static_cast<int64_t>(RunState::kRunning)).Run());
  ASSIGN_OR_RETURN(
      SqliteStatement insert,
      database().Prepare(fmt::format(
          "INSERT INTO runs (pipeline, kind, state, started_ms, ended_ms, version, cost, requests,"
          " throttled_requests, bytes_sent, message, unsure, units_cap, peak_normalised, {})"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          kCountColumns)));
  insert.Bind(std::string_view(run.pipeline)).Bind(std::string_view(run.kind));
  BindRunState(insert, run);
  RETURN_IF_ERROR(insert.Run());
  const int64_t id = database().last_insert_id();
  RETURN_IF_ERROR(transaction.Commit());
  return id;
}

Status SqliteStore::UpdateRun(const RunRecord& run) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(
      SqliteStatement update,
      database().Prepare("UPDATE runs SET state = ?, started_ms = ?, ended_ms = ?, version = ?,"
                         " cost = ?, requests = ?, throttled_requests = ?, bytes_sent = ?,"
                         " message = ?, unsure = ?, units_cap = ?, peak_normalised = ?, read = ?, "
                         "upserted = ?, deleted = ?,"
                         " delete_found_nothing = ?, unchanged = ?, superseded = ?, filtered = ?,"
                         " rejected = ?, inserted = ?, replaced = ? WHERE id = ?"));
  BindRunState(update, run);
  RETURN_IF_ERROR(update.Bind(run.id).Run());
  if (database().changed_rows() == 1) return Status::Ok();
  return NotFound(fmt::format("state {} has no run {}", database().path(), run.id));
}

Result<std::vector<RunRecord>> SqliteStore::Runs(std::string_view pipeline, uint32_t count_max) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(SqliteStatement select,
                   database().Prepare(fmt::format("SELECT {}, {} FROM runs WHERE ?1 = '' OR"
                                                  " pipeline = ?1 ORDER BY id DESC LIMIT ?2",
                                                  kRunColumns, kCountColumns)));
  select.Bind(pipeline).Bind(int64_t{count_max});
  std::vector<RunRecord> runs;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return runs;
    runs.push_back(ReadRun(select));
  }
}

Result<std::vector<RejectedRecord>> SqliteStore::Rejected(std::string_view pipeline,
                                                          std::optional<int64_t> run_id,
                                                          uint32_t count_max) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(const int64_t load, CurrentLoad(pipeline));
  ASSIGN_OR_RETURN(
      SqliteStatement select,
      database().Prepare(fmt::format("SELECT run_id, pipeline, version, split, row, key, reason,"
                                     " message, at_ms FROM rejected_rows WHERE pipeline = ? AND"
                                     " {} = ? ORDER BY load, version, split, row LIMIT ?",
                                     run_id.has_value() ? "run_id" : "load")));
  select.Bind(pipeline).Bind(run_id.value_or(load)).Bind(int64_t{count_max});
  std::vector<RejectedRecord> rejected;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return rejected;
    rejected.push_back({.run_id = select.Int(0),
                        .pipeline = select.Text(1),
                        .version = select.Int(2),
                        .split = select.Text(3),
                        .row = select.Unsigned(4),
                        .key = select.Text(5),
                        .reason = select.Text(6),
                        .message = select.Text(7),
                        .at_ms = select.Int(8)});
  }
}

Result<std::vector<ReasonCount>> SqliteStore::RejectedByReason(std::string_view pipeline) {
  std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(const int64_t load, CurrentLoad(pipeline));
  ASSIGN_OR_RETURN(SqliteStatement select,
                   database().Prepare("SELECT reason, count(*) AS rows FROM rejected_rows WHERE"
                                      " pipeline = ? AND load = ? GROUP BY reason"
                                      " ORDER BY rows DESC, reason"));
  select.Bind(pipeline).Bind(load);
  std::vector<ReasonCount> reasons;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return reasons;
    reasons.push_back({select.Text(0), select.Unsigned(1)});
  }
}

}  // namespace

Result<std::unique_ptr<StateStore>> OpenSqliteStore(const std::string& path, Clock& clock) {
  auto core = std::make_shared<SqliteCore>(clock);
  ASSIGN_OR_RETURN(core->database, SqliteDatabase::Open(path));
  RETURN_IF_ERROR(Migrate(*core->database));
  return std::unique_ptr<StateStore>(std::make_unique<SqliteStore>(std::move(core)));
}

}  // namespace spillway
