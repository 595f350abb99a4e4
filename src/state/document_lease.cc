#include "state/document_lease.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "state/state_json.h"

namespace spillway {
namespace {

constexpr std::string_view kLease = "lease";
constexpr std::string_view kKnock = "knock";
constexpr std::string_view kStamp = "stamp";
// Times of the store are whole seconds: a renewal may be younger than it says by one.
constexpr std::chrono::seconds kClockResolution{1};
// After a move to another replica or region, its clock may be this far ahead of the one before.
constexpr std::chrono::seconds kClockSkewMax{2};
constexpr int kTakingAttemptsMax = 5;  // against others who take it at the same time
// Short, so that a renewal is over before the next one is due, and an end does not wait for long.
constexpr std::chrono::seconds kRenewalMax{5};

std::string NewToken() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

Result<TableWrite> WriteOf(std::string_view pipeline, const LeaseDocument& lease) {
  StateDocumentWriter writer(pipeline, std::string(kLease));
  writer.json().Field("epoch", lease.epoch).Field("token", lease.token);
  writer.json().Field("owner", lease.owner).Field("machine", lease.process.machine);
  writer.json().Field("pid", lease.process.pid).Field("pid_started", lease.process.started);
  writer.json().Field("acquired_ms", lease.acquired_ms);
  writer.json().Field("expires_after_ms", lease.expires_after_ms);
  writer.json().Field("has_state", uint64_t{lease.has_state});
  return writer.Finish(lease.etag.empty() ? TableWrite::Kind::kCreate : TableWrite::Kind::kReplace,
                       lease.etag);
}

Result<LeaseDocument> FromDocument(const StateDocument& document) {
  LeaseDocument lease;
  ASSIGN_OR_RETURN(lease.epoch, IntOf(document.json, "epoch"));
  ASSIGN_OR_RETURN(lease.token, TextOf(document.json, "token"));
  ASSIGN_OR_RETURN(lease.owner, TextOf(document.json, "owner"));
  ASSIGN_OR_RETURN(lease.process.machine, TextOf(document.json, "machine"));
  ASSIGN_OR_RETURN(lease.process.pid, IntOf(document.json, "pid"));
  ASSIGN_OR_RETURN(lease.process.started, IntOf(document.json, "pid_started"));
  ASSIGN_OR_RETURN(lease.acquired_ms, IntOf(document.json, "acquired_ms"));
  ASSIGN_OR_RETURN(lease.expires_after_ms, IntOf(document.json, "expires_after_ms"));
  ASSIGN_OR_RETURN(const uint64_t has_state, UintOf(document.json, "has_state"));
  lease.has_state = has_state != 0;
  lease.etag = document.etag;
  lease.written = document.written;
  return lease;
}

// No earlier moment lets another runner in.
WallTime ExpiryOf(const LeaseDocument& lease) {
  return lease.written + kClockResolution + std::chrono::milliseconds(lease.expires_after_ms) +
         kClockSkewMax;
}

Status LockedBy(std::string_view pipeline, const LeaseDocument& lease) {
  const WallTime since{std::chrono::milliseconds(lease.acquired_ms)};
  return Locked(fmt::format("pipeline {} is being run by {} since {}", pipeline, lease.owner,
                            FormatUtc(since)))
      .WithHint(
          fmt::format("wait for it to end, or stop it; if it is dead, its lease expires at {}",
                      FormatUtc(ExpiryOf(lease))));
}

Status Lost(std::string_view pipeline) {
  return Locked(fmt::format("the lease of pipeline {} was lost: another runner has taken it",
                            pipeline))
      .WithHint("nothing more is sent from here; see who runs it with: spillway state show");
}

// The store's clock, asked by writing into the same partition.
Result<WallTime> StoreNow(StateTable& table, std::string_view pipeline) {
  StateDocumentWriter writer(pipeline, std::string(kKnock));
  writer.json().Field("token", NewToken());
  ASSIGN_OR_RETURN(const TableWrite write, writer.Finish(TableWrite::Kind::kUpsert));
  StateAttempts attempts(table.clock(), kStateCallMax);
  while (true) {
    Result<std::vector<std::string>> written =
        table.Write(pipeline, {&write, 1}, attempts.context());
    if (written.ok()) break;
    RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(written).status()));
  }
  ASSIGN_OR_RETURN(const std::optional<StateDocument> knock, table.Read(pipeline, kKnock));
  if (!knock.has_value()) return DataLoss("a state document was deleted while it was in use");
  return knock->written;
}

class DocumentLease : public Lease {
 public:
  DocumentLease(std::shared_ptr<DocumentCore> core, std::string pipeline, std::string token)
      : core_(std::move(core)), pipeline_(std::move(pipeline)), token_(std::move(token)) {}

  ~DocumentLease() override {
    // When it cannot be given back, it expires.
    [[maybe_unused]] const Status released = Release();
  }

  Status Renew() override {
    if (!IsOurs()) return Lost(pipeline_);
    return WriteFenced(*core_, pipeline_, {}, std::nullopt, kRenewalMax).status();
  }

 private:
  bool IsOurs() {
    std::lock_guard lock(core_->mutex);
    const auto found = core_->held.find(pipeline_);
    return found != core_->held.end() && found->second.token == token_;
  }

  // The document stays, with its epoch. One attempt, on the etag that we know.
  Status Release() {
    std::lock_guard lock(core_->mutex);
    const auto found = core_->held.find(pipeline_);
    if (found == core_->held.end() || found->second.token != token_) return Status::Ok();
    LeaseDocument given_back = std::move(found->second);
    core_->held.erase(found);
    given_back.token.clear();
    ASSIGN_OR_RETURN(const TableWrite write, WriteOf(pipeline_, given_back));
    StateAttempts attempts(core_->table.clock(), kRenewalMax);
    while (true) {
      Result<std::vector<std::string>> written =
          core_->table.Write(pipeline_, {&write, 1}, attempts.context());
      if (written.ok()) return Status::Ok();
      RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(written).status()));
    }
  }

  const std::shared_ptr<DocumentCore> core_;
  const std::string pipeline_;
  const std::string token_;
};

// After a failure that leaves it open whether the lease is still ours, and as we know it.
Status LookAtLease(DocumentCore& core, std::string_view pipeline, LeaseDocument& held) {
  ASSIGN_OR_RETURN(const std::optional<LeaseDocument> now, ReadLeaseDocument(core.table, pipeline));
  if (!now.has_value() || now->token != held.token) return Lost(pipeline);
  held.etag = now->etag;
  return Status::Ok();
}

enum class Landing { kLanded, kNot };

Result<Landing> LookAtTarget(DocumentCore& core, std::string_view pipeline,
                             const FencedTarget& target, std::string* etag) {
  ASSIGN_OR_RETURN(const std::optional<StateDocument> now, core.table.Read(pipeline, target.id));
  const std::string present = now.has_value() ? now->etag : std::string();
  if (present == target.etag) return Landing::kNot;
  if (now.has_value()) {
    const Result<std::string> stamp = TextOf(now->json, kStamp);
    if (stamp.ok() && *stamp == target.stamp) {
      *etag = present;
      return Landing::kLanded;
    }
  }
  return Conflict(fmt::format("the state of pipeline {} was changed by another program", pipeline))
      .WithHint("run again: it goes on from what is there now");
}

// One attempt. kConflict and kUnsure were looked into: then they mean "not carried out".
Result<std::vector<std::string>> TryFenced(DocumentCore& core, std::string_view pipeline,
                                           const std::vector<TableWrite>& writes,
                                           const std::optional<FencedTarget>& target,
                                           const CallContext& ctx) {
  std::lock_guard lock(core.mutex);
  const auto found = core.held.find(pipeline);
  LeaseDocument* const held = found == core.held.end() ? nullptr : &found->second;
  std::vector<TableWrite> all;
  const bool makes_state = target.has_value();
  if (held != nullptr) {
    LeaseDocument renewed = *held;
    renewed.has_state = held->has_state || makes_state;
    ASSIGN_OR_RETURN(TableWrite write, WriteOf(pipeline, renewed));
    all.push_back(std::move(write));
  }
  all.insert(all.end(), writes.begin(), writes.end());
  if (all.empty()) return std::vector<std::string>();
  Result<std::vector<std::string>> written = core.table.Write(pipeline, all, ctx);
  if (written.ok()) {
    if (held == nullptr) return written;
    held->etag = std::move(written->front());
    held->has_state = held->has_state || makes_state;
    written->erase(written->begin());
    return written;
  }
  const StatusCode code = written.status().code();
  if (code != StatusCode::kConflict && code != StatusCode::kUnsure) return written;
  const std::string known_etag = held == nullptr ? std::string() : held->etag;
  if (held != nullptr) RETURN_IF_ERROR(LookAtLease(core, pipeline, *held));
  if (!target.has_value()) {
    // The lease has moved on by our own hand: that renewal is what was asked for.
    const bool renewed = writes.empty() && held != nullptr && held->etag != known_etag;
    if (renewed) return std::vector<std::string>();
    return Unavailable("a write of the state has to be repeated");
  }
  std::string etag;
  ASSIGN_OR_RETURN(const Landing landing, LookAtTarget(core, pipeline, *target, &etag));
  if (landing == Landing::kNot) return Unavailable("a write of the state has to be repeated");
  if (held != nullptr) held->has_state = true;
  std::vector<std::string> etags(writes.size());
  for (size_t i = 0; i < writes.size(); ++i) {
    if (writes[i].id == target->id) etags[i] = etag;
  }
  return etags;
}

}  // namespace

Result<std::optional<LeaseDocument>> ReadLeaseDocument(StateTable& table, std::string_view pipeline,
                                                       std::chrono::milliseconds call_max) {
  ASSIGN_OR_RETURN(const std::optional<StateDocument> document,
                   table.Read(pipeline, kLease, call_max));
  if (!document.has_value()) return std::optional<LeaseDocument>();
  ASSIGN_OR_RETURN(LeaseDocument lease, FromDocument(*document));
  return std::optional<LeaseDocument>(std::move(lease));
}

Result<std::unique_ptr<Lease>> AcquireDocumentLease(const std::shared_ptr<DocumentCore>& core,
                                                    const ProcessIdentity& self,
                                                    std::string_view pipeline,
                                                    std::chrono::milliseconds expires_after) {
  LeaseDocument wanted;
  wanted.token = NewToken();
  wanted.owner = fmt::format("process {} on {}", self.pid, self.host);
  wanted.process = self;
  wanted.acquired_ms = core->table.NowMillis();
  wanted.expires_after_ms = expires_after.count();
  const auto taken = [&](LeaseDocument lease) {
    std::lock_guard lock(core->mutex);
    core->held.insert_or_assign(std::string(pipeline), std::move(lease));
    return std::unique_ptr<Lease>(
        std::make_unique<DocumentLease>(core, std::string(pipeline), wanted.token));
  };
  StateAttempts attempts(core->table.clock(), kStateCallMax);
  for (int others = 0; others < kTakingAttemptsMax;) {
    ASSIGN_OR_RETURN(std::optional<LeaseDocument> there, ReadLeaseDocument(core->table, pipeline));
    // A request of ours whose answer was lost has landed after all.
    if (there.has_value() && there->token == wanted.token) return taken(*std::move(there));
    if (there.has_value() && !there->token.empty() && !IsKnownDead(there->process)) {
      ASSIGN_OR_RETURN(const WallTime now, StoreNow(core->table, pipeline));
      if (now < ExpiryOf(*there)) return LockedBy(pipeline, *there);
    }
    wanted.epoch = there.has_value() ? there->epoch + 1 : 1;
    wanted.has_state = there.has_value() && there->has_state;
    wanted.etag = there.has_value() ? there->etag : std::string();
    ASSIGN_OR_RETURN(const TableWrite write, WriteOf(pipeline, wanted));
    Result<std::vector<std::string>> written =
        core->table.Write(pipeline, {&write, 1}, attempts.context());
    if (written.ok()) {
      wanted.etag = std::move(written->front());
      return taken(wanted);
    }
    if (written.status().code() == StatusCode::kConflict) {
      ++others;
      continue;
    }
    RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(written).status()));
  }
  return Locked(fmt::format("pipeline {} is being taken by several runners at once", pipeline))
      .WithHint("see who runs it with: spillway state show");
}

Result<std::optional<LeaseHolder>> ReadDocumentHolder(DocumentCore& core,
                                                      std::string_view pipeline) {
  ASSIGN_OR_RETURN(const std::optional<LeaseDocument> lease,
                   ReadLeaseDocument(core.table, pipeline));
  if (!lease.has_value() || lease->token.empty()) return std::optional<LeaseHolder>();
  const bool holds =
      core.table.clock().WallNow() < ExpiryOf(*lease) && !IsKnownDead(lease->process);
  return std::optional<LeaseHolder>(
      LeaseHolder{lease->owner, lease->acquired_ms, UnixMillis(ExpiryOf(*lease)), holds});
}

Result<std::vector<std::string>> WriteFenced(DocumentCore& core, std::string_view pipeline,
                                             const std::vector<TableWrite>& writes,
                                             const std::optional<FencedTarget>& target,
                                             std::chrono::milliseconds call_max) {
  StateAttempts attempts(core.table.clock(), call_max);
  while (true) {
    Result<std::vector<std::string>> written =
        TryFenced(core, pipeline, writes, target, attempts.context());
    if (written.ok()) return written;
    RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(written).status()));
  }
}

}  // namespace spillway
