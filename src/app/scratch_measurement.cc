#include "app/scratch_measurement.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "state/process_identity.h"

namespace spillway {
namespace {

constexpr std::string_view kPrefix = "spillway-plan-";
// Of a place whose process cannot be looked for: another machine's.
constexpr std::chrono::hours kAbandonedAfter{1};
constexpr uint64_t kDocumentsMin = 20;
// Each document is inserted, replaced and removed.
constexpr std::chrono::minutes kMeasuringMax{2};
constexpr std::chrono::seconds kCleaningMax{30};
constexpr std::chrono::milliseconds kRetryPauseMin{50};

std::string MachineText(const ProcessIdentity& process) {
  return fmt::format("{:016x}", Murmur3x64_128(process.machine).high);
}

// "spillway-plan-<machine>-<pid>-<when the process began>".
std::string NameOf(const ProcessIdentity& process) {
  return fmt::format("{}{}-{}-{}", kPrefix, MachineText(process), process.pid, process.started);
}

// nullopt: not a name of ours, or of another machine.
std::optional<ProcessIdentity> OwnerOf(std::string_view name) {
  ProcessIdentity owner = ThisProcess();
  if (owner.machine.empty()) return std::nullopt;
  const std::string begin = fmt::format("{}{}-", kPrefix, MachineText(owner));
  if (!name.starts_with(begin)) return std::nullopt;
  name.remove_prefix(begin.size());
  const char* const end = name.data() + name.size();
  const auto pid = std::from_chars(name.data(), end, owner.pid);
  if (pid.ec != std::errc() || pid.ptr == end || *pid.ptr != '-') return std::nullopt;
  const auto started = std::from_chars(pid.ptr + 1, end, owner.started);
  if (started.ec != std::errc() || started.ptr != end) return std::nullopt;
  return owner;
}

bool IsAbandoned(const ScratchPlace& place, Clock& clock) {
  if (const auto owner = OwnerOf(place.name)) return IsKnownDead(*owner);
  const WallTime made{std::chrono::milliseconds(place.made_ms)};
  return clock.WallNow() - made > kAbandonedAfter;
}

// Removes the place however the measurement ends; a stop does not keep it from doing so.
class PlaceGuard {
 public:
  PlaceGuard(ScratchSpace& space, std::string name, Clock& clock)
      : space_(space), name_(std::move(name)), clock_(clock) {}
  ~PlaceGuard() {
    if (!removed_) (void)Remove();
  }
  PlaceGuard(const PlaceGuard&) = delete;
  PlaceGuard& operator=(const PlaceGuard&) = delete;

  Status Remove() {
    removed_ = true;
    CallContext cleaning;
    cleaning.deadline = clock_.Now() + kCleaningMax;
    return space_.Remove(name_, cleaning)
        .WithContext(fmt::format("the container {} of the measurement is still there", name_));
  }

 private:
  ScratchSpace& space_;
  const std::string name_;
  Clock& clock_;
  bool removed_ = false;
};

// Writes documents as a run would, and reads what each took.
class Measurer {
 public:
  Measurer(Destination& destination, Clock& clock, const CallContext& ctx)
      : destination_(destination), clock_(clock), ctx_(ctx) {}

  // Leaves in `documents` those that the destination took.
  Status Write(WriteMode mode, std::vector<Document>& documents, ChargeFit* fit) {
    ASSIGN_OR_RETURN(const std::unique_ptr<Writer> writer, destination_.OpenWriter(mode, ctx_));
    std::vector<Document> taken;
    for (size_t first = 0; first < documents.size();) {
      const size_t count = CountOfWrite(documents, first);
      std::vector<Document> pending(&documents[first], &documents[first] + count);
      first += count;
      while (!pending.empty()) RETURN_IF_ERROR(WriteOnce(*writer, pending, taken, fit));
    }
    documents = std::move(taken);
    return Status::Ok();
  }
  double units() const { return units_; }

 private:
  size_t CountOfWrite(const std::vector<Document>& documents, size_t first) const {
    const Capabilities& capabilities = destination_.capabilities();
    uint64_t bytes = 0;
    size_t count = 0;
    while (first + count < documents.size() && count < capabilities.rows_max) {
      bytes += documents[first + count].body.size();
      if (count > 0 && capabilities.bytes_target > 0 && bytes > capabilities.bytes_target) break;
      ++count;
    }
    return count;
  }

  // Leaves in `pending` what has to be sent again.
  Status WriteOnce(Writer& writer, std::vector<Document>& pending, std::vector<Document>& taken,
                   ChargeFit* fit) {
    RETURN_IF_ERROR(ctx_.CheckNotStopped());
    if (clock_.Now() > ctx_.deadline) {
      return Unavailable("the destination is too busy to measure what writes cost");
    }
    Result<WriteReport> report = writer.Write(pending, ctx_);
    if (!report.ok() && report.status().code() != StatusCode::kThrottled &&
        report.status().code() != StatusCode::kUnavailable) {
      return std::move(report).status();
    }
    std::vector<Document> again;
    std::chrono::milliseconds pause = kRetryPauseMin;
    if (!report.ok()) {
      again = pending;
      pause = std::max(pause, report.status().retry_after());
    } else {
      RETURN_IF_ERROR(Sort(*report, pending, again, taken, pause, fit));
    }
    pending = std::move(again);
    if (!pending.empty() && !clock_.WaitFor(pause, ctx_.stop)) return ctx_.CheckNotStopped();
    return Status::Ok();
  }

  Status Sort(const WriteReport& report, const std::vector<Document>& written,
              std::vector<Document>& again, std::vector<Document>& taken,
              std::chrono::milliseconds& pause, ChargeFit* fit) {
    units_ += report.cost;
    size_t failure = 0;
    for (size_t i = 0; i < written.size(); ++i) {
      if (report.outcomes[i] != RowOutcome::kFailed) {
        if (fit != nullptr && i < report.row_costs.size()) {
          fit->Add(SizeOf(written[i]), report.row_costs[i]);
        }
        taken.push_back(written[i]);
        continue;
      }
      const RowFailure& failed = report.failures[failure++];
      if (failed.disposition == Disposition::kStop) return failed.status;
      if (failed.disposition == Disposition::kReject) continue;
      pause = std::max(pause, failed.status.retry_after());
      again.push_back(written[i]);
    }
    return Status::Ok();
  }

  // A delete is sent without its document, and costs by what it takes away.
  double SizeOf(const Document& document) const {
    const auto found = sizes_.find(document.identity);
    return static_cast<double>(found == sizes_.end() ? document.body.size() : found->second);
  }

 public:
  void NoteSize(const Document& document) { sizes_[document.identity] = document.body.size(); }

 private:
  struct HashOfIdentity {
    size_t operator()(const Hash128& identity) const { return identity.low; }
  };
  Destination& destination_;
  Clock& clock_;
  const CallContext& ctx_;
  std::unordered_map<Hash128, size_t, HashOfIdentity> sizes_;
  double units_ = 0;
};

// As many as the budget allows, each identity once.
std::vector<Document> Choose(const PlanSample& sample, const WriteCosts& model, double units_max,
                             double* units) {
  std::vector<Document> chosen;
  std::vector<Hash128> identities;
  for (const KeptDocument& kept : sample.kept) {
    if (*units > units_max && chosen.size() >= kDocumentsMin) break;
    if (std::find(identities.begin(), identities.end(), kept.identity) != identities.end()) {
      continue;
    }
    identities.push_back(kept.identity);
    Document& document = chosen.emplace_back();
    document.body = kept.body;
    document.id = kept.id;
    document.partition_key = kept.partition_key;
    document.identity = kept.identity;
    const auto bytes = static_cast<double>(kept.body.size());
    for (const WriteKind kind : {WriteKind::kInsert, WriteKind::kReplace, WriteKind::kRemove}) {
      *units += model.UnitsOf(kind, bytes, sample.fields_mean);
    }
  }
  return chosen;
}

// What a mode makes of a document that is there.
Status MeasureIn(Destination& destination, WriteMode mode, std::vector<Document> documents,
                 Clock& clock, const CallContext& ctx, Measurement& measured) {
  CallContext bounded = ctx;
  bounded.deadline = std::min(ctx.deadline, clock.Now() + kMeasuringMax);
  Measurer measurer(destination, clock, bounded);
  const uint64_t given = documents.size();
  for (const Document& document : documents) measurer.NoteSize(document);
  const Status status = [&]() -> Status {
    RETURN_IF_ERROR(measurer.Write(WriteMode::kUpsert, documents, &measured.insert));
    measured.refused = given - documents.size();
    const bool deletes = mode == WriteMode::kDelete || mode == WriteMode::kDeleteIfNotModified;
    if (mode != WriteMode::kAppend && !deletes) {
      RETURN_IF_ERROR(measurer.Write(mode, documents, &measured.replace));
    }
    if (mode != WriteMode::kMirror && !deletes) return Status::Ok();
    for (Document& document : documents) {
      document.intent = Intent::kDelete;
      document.body = {};
    }
    return measurer.Write(WriteMode::kMirror, documents, &measured.remove);
  }();
  measured.units = measurer.units();
  return status;
}

}  // namespace

Result<Measurement> MeasureWrites(ScratchSpace& space, const PlanSample& sample,
                                  const WriteCosts& model, const MeasureRequest& request,
                                  const std::function<void(const MeasurementNotice&)>& on_begin,
                                  Clock& clock, const CallContext& ctx) {
  Measurement measured;
  const std::string name = NameOf(ThisProcess());
  MeasurementNotice notice;
  const std::vector<Document> documents = Choose(sample, model, request.units_max, &notice.units);
  if (documents.empty()) return measured;
  measured.documents = notice.documents = documents.size();
  ASSIGN_OR_RETURN(notice.place, space.Describe(name, ctx));
  on_begin(notice);
  // Made first: a creation that is cut off may have happened.
  PlaceGuard guard(space, name, clock);
  const Status status = [&]() -> Status {
    ASSIGN_OR_RETURN(const std::unique_ptr<Destination> destination, space.Create(name, ctx));
    return MeasureIn(*destination, request.mode, documents, clock, ctx, measured);
  }();
  const Status removed = guard.Remove();
  if (!status.ok()) return Status(status).WithContext("measuring what writes cost");
  if (!removed.ok())
    return Status(removed).WithHint("the next plan removes it, or remove it yourself");
  return measured;
}

Result<std::vector<std::string>> RemoveAbandonedPlaces(ScratchSpace& space, Clock& clock,
                                                       const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::vector<ScratchPlace> places, space.List(std::string(kPrefix), ctx));
  std::vector<std::string> removed;
  for (const ScratchPlace& place : places) {
    if (!IsAbandoned(place, clock)) continue;
    RETURN_IF_ERROR(space.Remove(place.name, ctx));
    removed.push_back(place.name);
  }
  return removed;
}

}  // namespace spillway
