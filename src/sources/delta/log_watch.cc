#include "sources/delta/log_watch.h"

#include <fmt/format.h>

#include "sources/delta/resync_hint.h"

namespace spillway {
namespace {

Status NothingFrom(const DeltaTable& table, int64_t version, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const LogListing all, table.ListLog(0, ctx));
  if (!all.newest().has_value()) {
    return NotFound(fmt::format("{} has no log any more", table.location()))
        .WithHint("Check the root and the name of the table.");
  }
  return DataLoss(fmt::format("the latest version of {} is {}, before the checkpoint's {}: the "
                              "table was created anew, or restored from a copy",
                              table.location(), *all.newest(), version))
      .WithHint(kResyncHint);
}

}  // namespace

Result<LogState> LookAtLog(const DeltaTable& table, int64_t version, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const LogListing log, table.ListLog(version, ctx));
  if (!log.newest().has_value()) return NothingFrom(table, version, ctx);
  LogState state{.newest = *log.newest(), .cleaned_before = {}, .has_gap = false};
  const int64_t next = version + 1;
  if (state.newest == version || log.HasCommit(next)) return state;
  // Cleaning takes the oldest first.
  state.has_gap = log.HasCommit(version);
  if (!state.has_gap) {
    state.cleaned_before = log.commits.empty() ? state.newest : log.commits.front();
  }
  return state;
}

}  // namespace spillway
