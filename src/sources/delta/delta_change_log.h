// DeltaChangeLog: follows a Delta table, commit by commit. Decides for each how its changes are
// told, and whether the table is still the one that it follows.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_CHANGE_LOG_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_CHANGE_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "connector/change_log.h"
#include "sources/delta/commit_reader.h"
#include "sources/delta/delta_commit.h"
#include "sources/delta/delta_position.h"
#include "sources/delta/delta_table.h"
#include "sources/delta/log_watch.h"

namespace spillway {

class DeltaChangeLog : public ChangeLog {
 public:
  // Asking for a commit that is not there sees neither a cleaned nor a re-created log: every so
  // many idle polls the log is listed too. A local listing costs as much as the log has versions,
  // and local polls are hundreds of times as frequent.
  static constexpr uint32_t kIdlePollsPerListing = 100;
  static constexpr uint32_t kLocalIdlePollsPerListing = 10'000;
  // A commit that was listed, but not found: so often it may be a storage that is late.
  static constexpr uint32_t kVanishedLooksMax = 5;
  // A commit that ends in the middle of a line: so often a writer may be at it.
  static constexpr uint32_t kCutOffLooksMax = 200;

  // Looks at the log once: kDataLoss when it is not the one of the position, or when what the
  // policy needs is gone.
  static Result<std::unique_ptr<ChangeLog>> Open(std::shared_ptr<const DeltaTable> table,
                                                 ChangesRequest request, const CallContext& ctx);

  Result<std::unique_ptr<VersionChanges>> Next(const CallContext& ctx) override;
  Result<int64_t> LatestVersion(const CallContext& ctx) override;
  PollInterval poll_interval() const override;

 private:
  DeltaChangeLog(std::shared_ptr<const DeltaTable> table, ChangesRequest request,
                 DeltaPosition position, std::shared_ptr<const TableDefinition> definition);

  int64_t version() const { return position_.version; }
  Status CheckSameTable(const CallContext& ctx) const;
  Status CheckTableId(const std::string& table_id, int64_t version) const;
  // Looks at the log when it is time to, and notes what it says.
  Status Look(const CallContext& ctx);
  bool IsTimeToLook() const;
  Result<std::optional<CommitFile>> ReadNext(const CallContext& ctx);
  Result<std::unique_ptr<VersionChanges>> CutOff();
  Result<std::unique_ptr<VersionChanges>> Tell(CommitFile file, const CallContext& ctx);
  Result<std::shared_ptr<const TableDefinition>> DefinitionAfter(const DeltaCommit& commit) const;
  Status ChooseMethod(const TableDefinition& after, const DeltaCommit& commit,
                      ChangesInfo& info) const;
  Result<std::unique_ptr<VersionChanges>> TellDifference(const CallContext& ctx);
  Result<OpenedSnapshot> OpenPosition(const CallContext& ctx) const;
  // Makes the changes, and goes on to behind them.
  Result<std::unique_ptr<VersionChanges>> Advance(
      ScanHandle scan, ChangesInfo info, std::string fingerprint,
      std::shared_ptr<const TableDefinition> definition);

  const std::shared_ptr<const DeltaTable> table_;
  const ChangesRequest request_;
  DeltaPosition position_;                             // behind the last changes told
  std::shared_ptr<const TableDefinition> definition_;  // at the position
  CommitReader commits_;
  int64_t known_latest_;  // as far as was seen
  // Why the next changes are told as a difference; empty: they are not.
  std::string difference_reason_;
  uint32_t idle_polls_ = 0;
  uint32_t vanished_looks_ = 0;
  uint32_t cut_off_looks_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_CHANGE_LOG_H_
