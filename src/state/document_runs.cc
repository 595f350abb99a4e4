#include "state/document_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "state/document_store.h"
#include "state/state_json.h"

namespace spillway {
namespace {

constexpr std::string_view kCounter = "counter";
constexpr int64_t kRunsOfPage = 100;
// A run that died is abandoned when the next one of its pipeline starts, so it is among the newest.
constexpr int64_t kRunsLookedAtMax = 200;
constexpr size_t kAbandonedMax = 20;

std::string RunId(int64_t id) {
  return fmt::format("run:{:012}", id);
}

Result<TableWrite> WriteOfRun(const RunRecord& run, TableWrite::Kind kind) {
  StateDocumentWriter writer(kStateRunsPartition, RunId(run.id));
  writer.json().Key("record");
  WriteRunJson(run, writer.json());
  return writer.Finish(kind);
}

Result<RunRecord> FromDocument(const StateDocument& document) {
  ASSIGN_OR_RETURN(const JsonNode* record, MemberOf(document.json, "record"));
  return ReadRunJson(*record);
}

bool Replaces(const RunRecord& started, const RunRecord& earlier) {
  const bool both_write = started.kind != "verify" && earlier.kind != "verify";
  return earlier.state == RunState::kRunning && earlier.pipeline == started.pipeline &&
         (both_write || earlier.kind == started.kind);
}

std::string NewStamp() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

Result<DocumentRuns::Counter> DocumentRuns::ReadCounter() {
  ASSIGN_OR_RETURN(const std::optional<StateDocument> document,
                   table_.Read(kStateRunsPartition, kCounter));
  Counter counter;
  if (!document.has_value()) {
    ASSIGN_OR_RETURN(const std::vector<StateDocument> left,
                     table_.List(kStateRunsPartition, "run:", "run;"));
    if (left.empty()) return counter;
    return DataLoss("the history of runs is damaged: their counter is missing, and runs are there")
        .WithHint("nothing was changed. Put back a copy of the state container; docs/state.md");
  }
  ASSIGN_OR_RETURN(counter.last, IntOf(document->json, "last"));
  ASSIGN_OR_RETURN(counter.stamp, TextOf(document->json, "stamp"));
  counter.etag = document->etag;
  return counter;
}

Status DocumentRuns::Visit(int64_t last, const std::function<bool(RunRecord run)>& take) {
  for (int64_t end = last; end > 0; end -= kRunsOfPage) {
    const int64_t first = std::max<int64_t>(1, end - kRunsOfPage + 1);
    ASSIGN_OR_RETURN(const std::vector<StateDocument> page,
                     table_.List(kStateRunsPartition, RunId(first), RunId(end + 1)));
    for (auto document = page.rbegin(); document != page.rend(); ++document) {
      ASSIGN_OR_RETURN(RunRecord run, FromDocument(*document));
      if (!take(std::move(run))) return Status::Ok();
    }
  }
  return Status::Ok();
}

Result<int64_t> DocumentRuns::Start(const RunRecord& run) {
  std::lock_guard lock(mutex_);
  const std::string stamp = NewStamp();
  StateAttempts attempts(table_.clock(), kStateCallMax);
  while (true) {
    ASSIGN_OR_RETURN(const Counter counter, ReadCounter());
    if (counter.stamp == stamp) return counter.last;  // it has landed after all
    std::vector<TableWrite> writes;
    StateDocumentWriter count(kStateRunsPartition, std::string(kCounter));
    count.json().Field("last", counter.last + 1).Field("stamp", stamp);
    ASSIGN_OR_RETURN(
        TableWrite counted,
        count.Finish(counter.etag.empty() ? TableWrite::Kind::kCreate : TableWrite::Kind::kReplace,
                     counter.etag));
    writes.push_back(std::move(counted));
    RunRecord started = run;
    started.id = counter.last + 1;
    ASSIGN_OR_RETURN(TableWrite write, WriteOfRun(started, TableWrite::Kind::kUpsert));
    writes.push_back(std::move(write));
    int64_t looked_at = 0;
    std::vector<RunRecord> abandoned;
    RETURN_IF_ERROR(Visit(counter.last, [&](RunRecord earlier) {
      if (Replaces(started, earlier)) abandoned.push_back(std::move(earlier));
      return ++looked_at < kRunsLookedAtMax && abandoned.size() < kAbandonedMax;
    }));
    const size_t writes_max = table_.table().limits().writes_max;
    for (RunRecord& earlier : abandoned) {
      if (writes.size() == writes_max) break;
      earlier.state = RunState::kAbandoned;
      earlier.message = "its process ended without saying why";
      ASSIGN_OR_RETURN(TableWrite again, WriteOfRun(earlier, TableWrite::Kind::kReplace));
      writes.push_back(std::move(again));
    }
    ASSIGN_OR_RETURN(const bool done, Count(writes, attempts));
    if (done) return started.id;
  }
}

// False: look again at what is there. A busy store is asked for the write alone: reading first,
// again and again, would take from it what the write waits for.
Result<bool> DocumentRuns::Count(const std::vector<TableWrite>& writes, StateAttempts& attempts) {
  while (true) {
    Result<std::vector<std::string>> written =
        table_.Write(kStateRunsPartition, writes, attempts.context());
    if (written.ok()) return true;
    const StatusCode code = written.status().code();
    const bool counted_on = code == StatusCode::kConflict;
    RETURN_IF_ERROR(attempts.WaitToTryAgain(counted_on ? Unavailable("runs are being started")
                                                       : std::move(written).status()));
    if (counted_on || code == StatusCode::kUnsure) return false;
  }
}

Status DocumentRuns::Update(const RunRecord& run) {
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const TableWrite write, WriteOfRun(run, TableWrite::Kind::kReplace));
  StateAttempts attempts(table_.clock(), kStateCallMax);
  while (true) {
    Result<std::vector<std::string>> written =
        table_.Write(kStateRunsPartition, {&write, 1}, attempts.context());
    if (written.ok()) return Status::Ok();
    if (written.status().code() == StatusCode::kConflict) {
      return NotFound(fmt::format("state {} has no run {}", table_.table().Describe(), run.id));
    }
    RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(written).status()));
  }
}

Result<std::vector<RunRecord>> DocumentRuns::List(std::string_view pipeline, uint32_t count_max) {
  std::vector<RunRecord> runs;
  if (count_max == 0) return runs;
  ASSIGN_OR_RETURN(const Counter counter, ReadCounter());
  RETURN_IF_ERROR(Visit(counter.last, [&](RunRecord run) {
    if (pipeline.empty() || run.pipeline == pipeline) runs.push_back(std::move(run));
    return runs.size() < count_max;
  }));
  return runs;
}

}  // namespace spillway
