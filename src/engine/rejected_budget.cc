#include "engine/rejected_budget.h"

#include <fmt/format.h>

#include <utility>

namespace spillway {
namespace {

constexpr uint64_t kRowsJudgedMin = 1'000;  // below, a share says nothing yet

}  // namespace

RejectedGuard::RejectedGuard(const RejectedBudget& budget, std::string pipeline, uint64_t read,
                             uint64_t rejected)
    : budget_(budget), pipeline_(std::move(pipeline)), read_(read), rejected_(rejected) {}

Status RejectedGuard::CountRejected(uint64_t rows) {
  if (rows == 0) return Status::Ok();
  const uint64_t rejected = rejected_.fetch_add(rows, std::memory_order_relaxed) + rows;
  return Check(read_.load(std::memory_order_relaxed), rejected, false);
}

Status RejectedGuard::CheckAtEnd() const {
  return Check(read_.load(), rejected_.load(), true);
}

Status RejectedGuard::Check(uint64_t read, uint64_t rejected, bool at_end) const {
  std::string allowed;
  if (budget_.rows.has_value() && rejected > *budget_.rows) {
    allowed = fmt::format("{} rows", *budget_.rows);
  } else if (budget_.share.has_value() && (at_end || read >= kRowsJudgedMin) &&
             static_cast<double>(rejected) > *budget_.share * static_cast<double>(read)) {
    allowed = fmt::format("{:g}% of the rows", *budget_.share * 100);
  }
  if (allowed.empty()) return Status::Ok();
  return Status(StatusCode::kRejectedOverBudget,
                fmt::format("{} of {} rows read so far were rejected; max_rejected allows {}",
                            rejected, read, allowed))
      .WithHint(fmt::format("see why with: spillway rejects {}", pipeline_));
}

}  // namespace spillway
