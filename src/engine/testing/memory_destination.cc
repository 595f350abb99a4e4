#include "engine/testing/memory_destination.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/hash.h"

namespace spillway {
namespace {

constexpr uint32_t kGroups = 4;
constexpr size_t kPageDocuments = 50;

std::string KeyText(std::string_view partition_key, std::string_view id) {
  return fmt::format("{}/{}", partition_key, id);
}

// `{"id":"1"}` and `{"deleted":true}` to `{"id":"1","deleted":true}`; setting it twice is once.
std::string WithMark(const std::string& body, const std::string& mark) {
  const std::string end = "," + mark.substr(1);
  return body.ends_with(end) ? body : body.substr(0, body.size() - 1) + end;
}

class MemoryReaderOfPages : public DocumentReader {
 public:
  struct Row {
    std::string partition_key, id, body;
  };
  explicit MemoryReaderOfPages(std::vector<Row> rows) : rows_(std::move(rows)) {}
  Result<std::span<const StoredDocument>> NextPage(const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    page_.clear();
    for (; page_.size() < kPageDocuments && next_ < rows_.size(); ++next_) {
      const Row& row = rows_[next_];
      page_.push_back({.body = row.body, .id = row.id, .partition_key = row.partition_key});
    }
    cost_ += 1;
    return std::span<const StoredDocument>(page_);
  }
  double cost() const override { return cost_; }

 private:
  const std::vector<Row> rows_;
  std::vector<StoredDocument> page_;
  size_t next_ = 0;
  double cost_ = 0;
};

}  // namespace

class MemoryWriter : public Writer {
 public:
  MemoryWriter(MemoryDestination& destination, WriteMode mode)
      : destination_(destination), mode_(mode) {}
  Result<WriteReport> Write(std::span<const Document> documents, const CallContext&) override {
    return destination_.Write(mode_, documents);
  }

 private:
  MemoryDestination& destination_;
  const WriteMode mode_;
};

void MemoryDestination::Refuse(std::string id) {
  OnRow([id = std::move(id)](const Document& document) -> std::optional<RowFailure> {
    if (document.id != id) return std::nullopt;
    RowFailure failure;
    failure.disposition = Disposition::kReject;
    failure.reason = "http_413";
    failure.status = TooLarge("the request is too large");
    return failure;
  });
}

MemoryDestination::MemoryDestination(Clock& clock, uint64_t seed) : clock_(clock), random_(seed) {
  capabilities_.rows_max = 20;
  capabilities_.bytes_target = 4'000;
  capabilities_.modes = {WriteMode::kMirror, WriteMode::kUpsert, WriteMode::kAppend,
                         WriteMode::kUpdate, WriteMode::kDelete, WriteMode::kSoftDelete};
  capabilities_.limits.id_bytes_max = 100;
}

Result<LanePlan> MemoryDestination::PlanLanes(uint32_t lanes_max, const CallContext&) {
  LanePlan plan;
  for (uint32_t lane = 0; lane < lanes_max; ++lane) {
    plan.lower_bounds.push_back({lane * (UINT64_MAX / lanes_max), 0});
    plan.groups.push_back(lane % kGroups);
  }
  return plan;
}

Hash128 MemoryDestination::Route(const Document& document) const {
  return Murmur3x64_128(document.partition_key);
}

Result<std::unique_ptr<Writer>> MemoryDestination::OpenWriter(WriteMode mode, const CallContext&) {
  return std::unique_ptr<Writer>(std::make_unique<MemoryWriter>(*this, mode));
}

bool MemoryDestination::Happens(double probability) {
  return probability > 0 && std::uniform_real_distribution<>(0, 1)(random_) < probability;
}

RowOutcome MemoryDestination::Apply(WriteMode mode, Intent intent, Stored document) {
  const std::string key = KeyText(document.partition_key, document.id);
  const auto found = documents_.find(key);
  const bool exists = found != documents_.end();
  if (intent == Intent::kDelete) {
    if (!exists) return RowOutcome::kNotFound;
    if (mode == WriteMode::kSoftDelete) {
      found->second.body = WithMark(found->second.body, document.body);
      history_.push_back({key, found->second.body});
      return RowOutcome::kDeleted;
    }
    documents_.erase(found);
    history_.push_back({key, ""});
    return RowOutcome::kDeleted;
  }
  if (mode == WriteMode::kAppend && exists) return RowOutcome::kSuppressed;
  if (mode == WriteMode::kUpdate && !exists) return RowOutcome::kSuppressed;
  history_.push_back({key, document.body});
  documents_.insert_or_assign(key, std::move(document));
  return exists ? RowOutcome::kReplaced : RowOutcome::kInserted;
}

void MemoryDestination::Land(SteadyTime until) {
  std::stable_sort(late_.begin(), late_.end(),
                   [](const Late& a, const Late& b) { return a.due < b.due; });
  size_t landed = 0;
  for (; landed < late_.size() && late_[landed].due <= until; ++landed) {
    Apply(late_[landed].mode, late_[landed].intent, std::move(late_[landed].document));
  }
  late_.erase(late_.begin(), late_.begin() + static_cast<int64_t>(landed));
}

void MemoryDestination::Postpone(WriteMode mode, const Document& document) {
  std::uniform_int_distribution<int64_t> wait_ms(1, std::max<int64_t>(faults_.late_max.count(), 1));
  late_.push_back({.due = clock_.Now() + std::chrono::milliseconds(wait_ms(random_)),
                   .document = {std::string(document.partition_key), std::string(document.id),
                                std::string(document.body)},
                   .intent = document.intent,
                   .mode = mode});
}

std::optional<RowFailure> MemoryDestination::RowFault(WriteMode mode, const Document& document) {
  if (on_row_) {
    if (std::optional<RowFailure> failure = on_row_(document)) return failure;
  }
  RowFailure failure;
  failure.reason = "fault";
  if (Happens(faults_.throttled)) {
    failure.status = Throttled("slow down").WithRetryAfter(std::chrono::milliseconds(20));
    return failure;
  }
  if (Happens(faults_.retry)) {
    failure.status = Unavailable("try again");
    return failure;
  }
  failure.disposition = Disposition::kUnsure;
  failure.status = Unsure("no answer");
  if (Happens(faults_.unsure_lost)) return failure;
  if (Happens(faults_.unsure_late)) {
    Postpone(mode, document);
    return failure;
  }
  if (Happens(faults_.unsure_applied)) {
    Apply(mode, document.intent,
          {std::string(document.partition_key), std::string(document.id),
           std::string(document.body)});
    return failure;
  }
  return std::nullopt;
}

Status MemoryDestination::CallFault(WriteMode mode, std::span<const Document> documents) {
  if (on_call_) RETURN_IF_ERROR(on_call_(documents));
  if (Happens(faults_.call_throttled)) return Throttled("the whole call");
  if (Happens(faults_.call_unavailable)) return Unavailable("connection refused");
  if (!Happens(faults_.call_unsure)) return Status::Ok();
  for (const Document& document : documents) {
    if (Happens(0.4)) {
      Apply(mode, document.intent,
            {std::string(document.partition_key), std::string(document.id),
             std::string(document.body)});
    } else if (Happens(0.5)) {
      Postpone(mode, document);
    }
  }
  return Unsure("connection reset");
}

void MemoryDestination::CheckCall(std::span<const Document> documents) {
  ++calls_;
  if (documents.empty() || documents.size() > capabilities_.rows_max) {
    violations_.push_back(fmt::format("{} documents in one call", documents.size()));
  }
  std::set<std::string> keys;
  for (const Document& document : documents) {
    const std::string key = KeyText(document.partition_key, document.id);
    if (!keys.insert(key).second) violations_.push_back(key + " twice in one call");
  }
}

Result<WriteReport> MemoryDestination::Write(WriteMode mode, std::span<const Document> documents) {
  std::lock_guard lock(mutex_);
  Land(clock_.Now());
  CheckCall(documents);
  RETURN_IF_ERROR(CallFault(mode, documents));
  WriteReport report;
  report.requests = 1;
  for (const Document& document : documents) {
    report.bytes_sent += document.body.size();
    std::optional<RowFailure> failure = RowFault(mode, document);
    if (failure.has_value()) {
      failure->index = static_cast<uint32_t>(report.outcomes.size());
      report.outcomes.push_back(RowOutcome::kFailed);
      if (failure->status.code() == StatusCode::kThrottled) report.throttled_requests = 1;
      report.failures.push_back(*std::move(failure));
      continue;
    }
    report.cost += 1;
    report.outcomes.push_back(Apply(mode, document.intent,
                                    {std::string(document.partition_key), std::string(document.id),
                                     std::string(document.body)}));
  }
  return report;
}

std::map<std::string, std::string> MemoryDestination::Contents() {
  std::lock_guard lock(mutex_);
  Land(SteadyTime::max());
  std::map<std::string, std::string> contents;
  for (const auto& [key, stored] : documents_) contents[key] = stored.body;
  return contents;
}

std::vector<AppliedWrite> MemoryDestination::History() {
  std::lock_guard lock(mutex_);
  return history_;
}

std::vector<std::string> MemoryDestination::Violations() {
  std::lock_guard lock(mutex_);
  return violations_;
}

uint64_t MemoryDestination::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

Result<std::vector<std::unique_ptr<DocumentReader>>> MemoryDestination::OpenReaders(
    const CallContext&) {
  std::lock_guard lock(mutex_);
  std::vector<std::vector<MemoryReaderOfPages::Row>> parts(kGroups);
  for (const auto& [key, stored] : documents_) {
    const uint64_t part = Murmur3x64_128(stored.partition_key).high % kGroups;
    parts[part].push_back({stored.partition_key, stored.id, stored.body});
  }
  std::vector<std::unique_ptr<DocumentReader>> readers;
  for (auto& part : parts) {
    readers.push_back(std::make_unique<MemoryReaderOfPages>(std::move(part)));
  }
  return readers;
}

Result<std::optional<std::string>> MemoryDestination::ReadOne(std::string_view partition_key,
                                                              std::string_view id,
                                                              const CallContext&) {
  std::lock_guard lock(mutex_);
  const auto found = documents_.find(KeyText(partition_key, id));
  if (found == documents_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second.body);
}

}  // namespace spillway
