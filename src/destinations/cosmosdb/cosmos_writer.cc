#include "destinations/cosmosdb/cosmos_writer.h"

#include <algorithm>
#include <utility>

#include "destinations/cosmosdb/item_json.h"
#include "destinations/cosmosdb/response_classifier.h"

namespace spillway::cosmosdb {
namespace {

constexpr int kOkStatus = 200;
constexpr int kCreatedStatus = 201;
constexpr int kNotFoundStatus = 404;
constexpr int kConflictStatus = 409;
constexpr int kPreconditionStatus = 412;

// The other statuses of a transport stop the run: no retry and no other row can mend them.
RowFailure JudgeFailure(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnsure:
      return {0, Disposition::kUnsure, "connection_lost", status};
    case StatusCode::kUnavailable:
      return {0, Disposition::kRetry, "unavailable", status};
    case StatusCode::kThrottled:
      return {0, Disposition::kRetry, "throttled", status};
    case StatusCode::kCancelled:
      return {0, Disposition::kRetry, "stopped", status};
    default:
      return {0, Disposition::kStop, std::string(StatusCodeName(status.code())), status};
  }
}

Meaning MeaningOf(const OperationResult& result, const ModeRule& rule) {
  if (result.status == kNotFoundStatus && result.sub_status == 0) return rule.on_not_found;
  if (result.status == kConflictStatus) return rule.on_conflict;
  if (result.status == kPreconditionStatus && result.sub_status == 0) return rule.on_precondition;
  return Meaning::kJudge;
}

// Our own earlier write may be the reason for the refusal.
bool MayBeOurOwnDoing(const Operation& operation, const OperationResult& result) {
  if (!operation.document->after_unsure) return false;
  if (operation.kind == OperationKind::kCreate) return result.status == kConflictStatus;
  return operation.kind == OperationKind::kReplace && !operation.if_match.empty() &&
         result.status == kPreconditionStatus;
}

// What the status tells of a write that was done: 201, there was nothing before; 200, there was. (A
// document that may have been written before is what there was, perhaps.)
RowVerdict Refine(RowVerdict verdict, const Operation& operation, const OperationResult& result) {
  if (verdict.outcome != RowOutcome::kUpserted) return verdict;
  if (result.status == kCreatedStatus) verdict.outcome = RowOutcome::kInserted;
  if (result.status == kOkStatus && !operation.document->after_unsure) {
    verdict.outcome = RowOutcome::kReplaced;
  }
  return verdict;
}

RowFailure Rejected(uint32_t row, std::string reason, Status status) {
  return {row, Disposition::kReject, std::move(reason), std::move(status)};
}

}  // namespace

RowVerdict Judge(const OperationResult& result, const ModeRule& rule) {
  if (!result.failure.ok()) return {RowOutcome::kFailed, JudgeFailure(result.failure)};
  if (IsSuccess(result.status)) return {rule.success, {}};
  const Meaning meaning = MeaningOf(result, rule);
  if (meaning == Meaning::kSuppressed) return {RowOutcome::kSuppressed, {}};
  if (meaning == Meaning::kNotFound) return {RowOutcome::kNotFound, {}};
  const Classification classification = Classify(result.status, result.sub_status);
  RowFailure failure{0, classification.disposition, std::string(classification.reason),
                     ToStatus({.status = result.status,
                               .sub_status = result.sub_status,
                               .message = result.message,
                               .activity_id = {},
                               .retry_after = result.retry_after})};
  if (meaning == Meaning::kRetry) failure.disposition = Disposition::kRetry;
  return {RowOutcome::kFailed, std::move(failure)};
}

// The report under construction. A row with several operations (a patch in parts) fails when one
// does.
class CosmosWriter::Settlement {
 public:
  explicit Settlement(size_t rows) : failed_(rows, false) {
    report_.outcomes.assign(rows, RowOutcome::kFailed);
    report_.row_costs.assign(rows, 0);
  }
  void Set(uint32_t row, RowVerdict verdict) {
    if (verdict.outcome == RowOutcome::kFailed) {
      verdict.failure.index = row;
      Fail(std::move(verdict.failure));
    } else if (!failed_[row]) {
      report_.outcomes[row] = verdict.outcome;
    }
  }
  void Fail(RowFailure failure) {
    const uint32_t row = failure.index;
    if (failed_[row]) return;
    failed_[row] = true;
    report_.outcomes[row] = RowOutcome::kFailed;
    report_.failures.push_back(std::move(failure));
  }
  WriteReport* report() { return &report_; }
  WriteReport Finish() {
    std::sort(report_.failures.begin(), report_.failures.end(),
              [](const RowFailure& a, const RowFailure& b) { return a.index < b.index; });
    return std::move(report_);
  }

 private:
  WriteReport report_;
  std::vector<bool> failed_;
};

CosmosWriter::CosmosWriter(WriteMode mode, ContainerInfo container,
                           std::unique_ptr<ContainerClient> client,
                           std::unique_ptr<OperationSender> sender)
    : mode_(mode),
      container_(std::move(container)),
      client_(std::move(client)),
      sender_(std::move(sender)) {}

CosmosWriter::~CosmosWriter() = default;

Result<WriteReport> CosmosWriter::Write(std::span<const Document> documents,
                                        const CallContext& ctx) {
  planned_.clear();
  merges_.clear();
  bodies_.clear();
  Settlement settlement(documents.size());
  for (uint32_t row = 0; row < documents.size(); ++row) Plan(documents[row], row, &settlement);
  SendPlanned(planned_, &settlement, ctx);
  if (!merges_.empty()) Merge(&settlement, ctx);
  return settlement.Finish();
}

void CosmosWriter::Plan(const Document& document, uint32_t row, Settlement* settlement) {
  const ModeRule& rule = RuleFor(mode_, document.intent, !document.etag.empty());
  const bool has_body = rule.operation != OperationKind::kDelete;
  Operation operation{.kind = rule.operation,
                      .document = &document,
                      .row = row,
                      .body = has_body ? document.body : std::string_view(),
                      .if_match = rule.conditional ? document.etag : std::string_view()};
  if (rule.step == Step::kSkip) {
    settlement->Set(row, {RowOutcome::kSuppressed, {}});
  } else if (rule.step == Step::kNeedsEtag) {
    settlement->Fail(
        Rejected(row, "etag_missing",
                 InvalidArgument("the row has no _etag, and the mode is conditional on it")));
  } else if (has_body && document.body.empty()) {
    settlement->Fail(
        Rejected(row, "no_fields", InvalidArgument("there is nothing to write for this row")));
  } else if (rule.step == Step::kMerge) {
    merges_.push_back({operation, &rule});
  } else if (rule.operation == OperationKind::kPatch) {
    PlanPatch(document, row, rule, settlement);
  } else {
    planned_.push_back({operation, &rule});
  }
}

void CosmosWriter::PlanPatch(const Document& document, uint32_t row, const ModeRule& rule,
                             Settlement* settlement) {
  Result<std::vector<std::string>> bodies = PatchBodies(document.body, container_.partition_key);
  if (!bodies.ok()) {
    settlement->Fail(Rejected(row, "no_fields", std::move(bodies).status()));
    return;
  }
  for (std::string& body : *bodies) {
    const Operation operation{.kind = OperationKind::kPatch,
                              .document = &document,
                              .row = row,
                              .body = bodies_.emplace_back(std::move(body)),
                              .if_match = {}};
    planned_.push_back({operation, &rule});
  }
}

void CosmosWriter::SendPlanned(std::span<const Planned> planned, Settlement* settlement,
                               const CallContext& ctx) {
  if (planned.empty()) return;
  operations_.clear();
  for (const Planned& one : planned) operations_.push_back(one.operation);
  results_.clear();
  results_.resize(planned.size());
  sender_->Send(operations_, results_, settlement->report(), ctx);
  for (size_t i = 0; i < planned.size(); ++i) {
    settlement->report()->row_costs[planned[i].operation.row] += results_[i].charge;
    if (MayBeOurOwnDoing(planned[i].operation, results_[i])) {
      SettleByReading(planned[i], results_[i], settlement, ctx);
    } else {
      RowVerdict verdict = Judge(results_[i], *planned[i].rule);
      settlement->Set(planned[i].operation.row,
                      Refine(std::move(verdict), planned[i].operation, results_[i]));
    }
  }
}

void CosmosWriter::SettleByReading(const Planned& planned, const OperationResult& result,
                                   Settlement* settlement, const CallContext& ctx) {
  const Document& document = *planned.operation.document;
  const uint32_t row = planned.operation.row;
  const Result<std::optional<std::string>> item =
      client_->ReadItem(document.partition_key, document.id, ctx);
  ++settlement->report()->requests;
  if (!item.ok()) {
    // Still unknown whose write it was: the row stays unsure, so that the question is asked again.
    settlement->Fail({row, Disposition::kUnsure, "read_back_failed", item.status()});
  } else if (item->has_value() && SameItem(**item, document.body)) {
    settlement->Set(row, {planned.rule->success, {}});
  } else {
    settlement->Set(row, Judge(result, *planned.rule));
  }
}

void CosmosWriter::Merge(Settlement* settlement, const CallContext& ctx) {
  operations_.clear();
  for (const Planned& merge : merges_) {
    Operation read = merge.operation;
    read.kind = OperationKind::kRead;
    read.body = {};
    operations_.push_back(read);
  }
  std::vector<OperationResult> items(merges_.size());
  sender_->Send(operations_, items, settlement->report(), ctx);
  for (size_t i = 0; i < merges_.size(); ++i) {
    settlement->report()->row_costs[merges_[i].operation.row] += items[i].charge;
  }
  planned_.clear();
  for (size_t i = 0; i < merges_.size(); ++i) PlanMerged(merges_[i], items[i], settlement);
  SendPlanned(planned_, settlement, ctx);
}

void CosmosWriter::PlanMerged(Planned planned, const OperationResult& item,
                              Settlement* settlement) {
  const uint32_t row = planned.operation.row;
  if (item.status == kNotFoundStatus && item.sub_status == 0) {
    planned.operation.kind = OperationKind::kCreate;
    planned_.push_back(planned);
    return;
  }
  if (!item.failure.ok() || !IsSuccess(item.status)) {
    RowVerdict verdict = Judge(item, *planned.rule);
    const bool unsure = verdict.failure.disposition == Disposition::kUnsure;
    if (unsure) verdict.failure.disposition = Disposition::kRetry;  // it was only a read
    return settlement->Set(row, std::move(verdict));
  }
  Result<std::string> merged = MergeItem(item.body, planned.operation.body);
  if (!merged.ok()) {
    return settlement->Fail(Rejected(row, "not_mergeable", std::move(merged).status()));
  }
  if (item.etag.empty()) {
    return settlement->Fail({row, Disposition::kStop, "no_etag",
                             DataLoss("the service gave no etag with an item that was read")});
  }
  planned.operation.kind = OperationKind::kReplace;
  planned.operation.body = bodies_.emplace_back(*std::move(merged));
  planned.operation.if_match = bodies_.emplace_back(item.etag);
  planned_.push_back(planned);
}

}  // namespace spillway::cosmosdb
