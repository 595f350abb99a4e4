#include "state/sqlite_lease.h"

#include <fmt/format.h>

#include <random>
#include <utility>

namespace spillway {
namespace {

std::string NewToken() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

struct LeaseRow {
  std::string token;
  std::string owner;
  ProcessIdentity process;
  int64_t acquired_ms = 0;
  int64_t expires_ms = 0;
};

Result<std::optional<LeaseRow>> ReadLease(SqliteDatabase& database, std::string_view pipeline) {
  ASSIGN_OR_RETURN(SqliteStatement select,
                   database.Prepare("SELECT token, owner, machine, pid, pid_started, acquired_ms,"
                                    " expires_ms FROM leases WHERE pipeline = ?"));
  ASSIGN_OR_RETURN(const bool found, select.Bind(pipeline).Step());
  if (!found) return std::optional<LeaseRow>();
  LeaseRow row;
  row.token = select.Text(0);
  row.owner = select.Text(1);
  row.process.machine = select.Text(2);
  row.process.pid = select.Int(3);
  row.process.started = select.Int(4);
  row.acquired_ms = select.Int(5);
  row.expires_ms = select.Int(6);
  return std::optional<LeaseRow>(std::move(row));
}

Status LockedBy(std::string_view pipeline, const LeaseRow& row) {
  const auto utc = [](int64_t ms) { return FormatUtc(WallTime(std::chrono::milliseconds(ms))); };
  return Locked(fmt::format("pipeline {} is being run by {} since {}", pipeline, row.owner,
                            utc(row.acquired_ms)))
      .WithHint(
          fmt::format("wait for it to end, or stop it; if it is dead, its lease expires at {}",
                      utc(row.expires_ms)));
}

Status Lost(std::string_view pipeline) {
  return Locked(fmt::format("the lease of pipeline {} was lost: another runner has taken it",
                            pipeline))
      .WithHint("nothing more is sent from here; see who runs it with: spillway status");
}

Status WriteLease(SqliteDatabase& database, const ProcessIdentity& self, std::string_view pipeline,
                  const std::string& token, int64_t now_ms, int64_t expires_ms) {
  ASSIGN_OR_RETURN(
      SqliteStatement insert,
      database.Prepare("INSERT OR REPLACE INTO leases (pipeline, token, owner, machine,"
                       " pid, pid_started, acquired_ms, expires_ms)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  const std::string owner = fmt::format("process {} on {}", self.pid, self.host);
  insert.Bind(pipeline).Bind(std::string_view(token)).Bind(std::string_view(owner));
  insert.Bind(std::string_view(self.machine)).Bind(self.pid).Bind(self.started);
  return insert.Bind(now_ms).Bind(expires_ms).Run();
}

class SqliteLease : public Lease {
 public:
  SqliteLease(std::shared_ptr<SqliteCore> core, std::string pipeline, std::string token,
              std::chrono::milliseconds expires_after)
      : core_(std::move(core)),
        pipeline_(std::move(pipeline)),
        token_(std::move(token)),
        expires_after_(expires_after) {}

  ~SqliteLease() override {
    // When it cannot be given back, it expires.
    [[maybe_unused]] const Status released = Release();
  }

  Status Renew() override {
    std::lock_guard lock(core_->mutex);
    ASSIGN_OR_RETURN(SqliteStatement update,
                     core_->database->Prepare(
                         "UPDATE leases SET expires_ms = ? WHERE pipeline = ? AND token = ?"));
    const int64_t expires_ms = core_->NowMillis() + expires_after_.count();
    update.Bind(expires_ms).Bind(std::string_view(pipeline_)).Bind(std::string_view(token_));
    RETURN_IF_ERROR(update.Run());
    return core_->database->changed_rows() == 1 ? Status::Ok() : Lost(pipeline_);
  }

 private:
  Status Release() {
    std::lock_guard lock(core_->mutex);
    const auto own = core_->tokens.find(pipeline_);
    if (own != core_->tokens.end() && own->second == token_) core_->tokens.erase(own);
    ASSIGN_OR_RETURN(
        SqliteStatement remove,
        core_->database->Prepare("DELETE FROM leases WHERE pipeline = ? AND token = ?"));
    return remove.Bind(std::string_view(pipeline_)).Bind(std::string_view(token_)).Run();
  }

  const std::shared_ptr<SqliteCore> core_;
  const std::string pipeline_;
  const std::string token_;
  const std::chrono::milliseconds expires_after_;
};

}  // namespace

int64_t SqliteCore::NowMillis() const {
  return UnixMillis(clock.WallNow());
}

Result<std::unique_ptr<Lease>> AcquireSqliteLease(const std::shared_ptr<SqliteCore>& core,
                                                  const ProcessIdentity& self,
                                                  std::string_view pipeline,
                                                  std::chrono::milliseconds expires_after) {
  std::lock_guard lock(core->mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(*core->database));
  ASSIGN_OR_RETURN(const std::optional<LeaseRow> held, ReadLease(*core->database, pipeline));
  const int64_t now_ms = core->NowMillis();
  if (held.has_value() && held->expires_ms > now_ms && !IsKnownDead(held->process)) {
    return LockedBy(pipeline, *held);
  }
  const std::string token = NewToken();
  RETURN_IF_ERROR(
      WriteLease(*core->database, self, pipeline, token, now_ms, now_ms + expires_after.count()));
  RETURN_IF_ERROR(transaction.Commit());
  core->tokens.insert_or_assign(std::string(pipeline), token);
  return std::unique_ptr<Lease>(
      std::make_unique<SqliteLease>(core, std::string(pipeline), token, expires_after));
}

Result<std::optional<LeaseHolder>> ReadSqliteHolder(SqliteCore& core, std::string_view pipeline) {
  std::lock_guard lock(core.mutex);
  ASSIGN_OR_RETURN(const std::optional<LeaseRow> held, ReadLease(*core.database, pipeline));
  if (!held.has_value()) return std::optional<LeaseHolder>();
  const bool holds = held->expires_ms > core.NowMillis() && !IsKnownDead(held->process);
  return std::optional<LeaseHolder>(
      LeaseHolder{held->owner, held->acquired_ms, held->expires_ms, holds});
}

Status CheckStillOwner(SqliteCore& core, std::string_view pipeline) {
  const auto own = core.tokens.find(pipeline);
  if (own == core.tokens.end()) return Status::Ok();
  ASSIGN_OR_RETURN(const std::optional<LeaseRow> held, ReadLease(*core.database, pipeline));
  if (!held.has_value() || held->token != own->second) return Lost(pipeline);
  return Status::Ok();
}

}  // namespace spillway
