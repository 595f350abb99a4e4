// The lease of a pipeline as a row of the state database: taken, renewed and given back in short
// transactions; every writing call of the store proves it in its own transaction (fencing), so a
// runner that lost its lease cannot move the checkpoint of the one that has it now.
#ifndef SPILLWAY_STATE_SQLITE_LEASE_H_
#define SPILLWAY_STATE_SQLITE_LEASE_H_

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "state/process_identity.h"
#include "state/sqlite_database.h"
#include "state/state_store.h"

namespace spillway {

// What the store and its leases share. Everything but `clock` is guarded by `mutex`.
struct SqliteCore {
  explicit SqliteCore(Clock& clock_in) : clock(clock_in) {}

  int64_t NowMillis() const;

  std::mutex mutex;
  std::unique_ptr<SqliteDatabase> database;
  Clock& clock;
  std::map<std::string, std::string, std::less<>> tokens;  // of the leases taken through this store
};

// As StateStore::AcquireLease, for the process `self`.
Result<std::unique_ptr<Lease>> AcquireSqliteLease(const std::shared_ptr<SqliteCore>& core,
                                                  const ProcessIdentity& self,
                                                  std::string_view pipeline,
                                                  std::chrono::milliseconds expires_after);

// As StateStore::Holder.
Result<std::optional<LeaseHolder>> ReadSqliteHolder(SqliteCore& core, std::string_view pipeline);

// kLocked when this store took a lease of the pipeline and no longer has it. REQUIRES: the mutex is
// held, inside a transaction.
Status CheckStillOwner(SqliteCore& core, std::string_view pipeline);

}  // namespace spillway

#endif  // SPILLWAY_STATE_SQLITE_LEASE_H_
