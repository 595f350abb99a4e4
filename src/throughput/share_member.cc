#include "throughput/share_member.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace spillway {
namespace {

constexpr double kWeightOfNewest = 0.2;
// Of the samples: from here on a run is held back, and until there it still is.
constexpr double kHeldBackFrom = 0.3;
constexpr double kHeldBackUntil = 0.1;
constexpr std::chrono::milliseconds kMeasureEvery{500};
// What a run that is not held back keeps beyond what it spends, in steps of a quarter, so that
// little changes hands.
constexpr double kRoom = 1.5;
constexpr double kStep = 1.25;
constexpr double kLoadMin = 0.1;  // of an idle member, as other programs have it
constexpr int kLeaveAttemptsMax = 5;

bool Passes(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
    case StatusCode::kConflict:
    case StatusCode::kThrottled:
    case StatusCode::kUnavailable:
    case StatusCode::kUnsure:
      return true;
    default:
      return false;
  }
}

std::string NewName() {
  std::random_device random;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:08x}{:04x}", random(), random() & 0xffff,
                     (random() & 0xfff) | 0x4000, (random() & 0x3fff) | 0x8000, random(),
                     random() & 0xffff);
}

}  // namespace

void ShareDemand::Sample(const ThroughputLimiter& limiter, SteadyTime now) {
  held_back_lately_ += kWeightOfNewest * ((limiter.behind() ? 1.0 : 0.0) - held_back_lately_);
  held_back_ = held_back_lately_ > (held_back_ ? kHeldBackUntil : kHeldBackFrom);
  if (!measured_.has_value()) measured_ = now;
  const double seconds = std::chrono::duration<double>(now - *measured_).count();
  if (now - *measured_ >= kMeasureEvery) {
    const double spent = limiter.spent();
    const double whole = limiter.whole().value_or(0);
    used_ = whole > 0 ? (spent - spent_before_) / seconds / whole : 1;
    spent_before_ = spent;
    measured_ = now;
  }
  wanted_.reset();
  if (held_back_) return;
  const double room = std::max(used_ * kRoom, 1e-6);
  wanted_ = std::min(std::pow(kStep, std::ceil(std::log(room) / std::log(kStep))), 1.0);
}

double ShareDemand::load(double part) const {
  if (held_back_ || part <= 0) return 1;
  return std::clamp(used_ / part, kLoadMin, 1.0);
}

ShareMember::ShareMember(std::unique_ptr<ShareBoard> board, ThroughputLimiter& limiter,
                         Clock& clock)
    : board_(std::move(board)),
      limiter_(limiter),
      clock_(clock),
      name_(NewName()),
      keeper_(name_, board_->timing()) {}

Result<std::unique_ptr<ShareMember>> ShareMember::Join(std::unique_ptr<ShareBoard> board,
                                                       ThroughputLimiter& limiter, Clock& clock,
                                                       const CallContext& ctx) {
  RETURN_IF_ERROR(board->Prepare(ctx));
  std::unique_ptr<ShareMember> member(new ShareMember(std::move(board), limiter, clock));
  member->Apply();
  const SteadyTime give_up = clock.Now() + kJoinMax;
  while (clock.Now() < give_up && member->keeper_.spending(clock.Now()).part <= 0) {
    const ShareStep step = member->keeper_.Next(clock.Now());
    if (step == ShareStep::kWait) {
      const bool waited = clock.WaitFor(member->keeper_.WaitFor(clock.Now()), ctx.stop);
      if (!waited) return Cancelled("stopped on request");
      continue;
    }
    Status done = member->Step(step, ctx.stop);
    if (!Passes(done)) return std::move(done).WithContext(member->board_->Describe());
  }
  member->thread_ =
      std::jthread([raw = member.get()](const std::stop_token& stop) { raw->Follow(stop); });
  return member;
}

ShareMember::~ShareMember() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  Leave();
}

CallContext ShareMember::Call(const std::stop_token& stop) const {
  return {.stop = stop, .deadline = clock_.Now() + board_->timing().call_max};
}

void ShareMember::Apply() {
  const ShareSpending spending = keeper_.spending(clock_.Now());
  limiter_.SetPart(spending.part, spending.until);
}

Status ShareMember::Step(ShareStep step, const std::stop_token& stop) {
  Apply();  // what is given up is not spent any more when the others learn of it
  const SteadyTime sent = clock_.Now();
  Status status;
  if (step == ShareStep::kRenew) {
    status = board_->WriteNotice(keeper_.notice(), Call(stop));
    keeper_.Renewed(sent, clock_.Now(), status);
  } else if (step == ShareStep::kReadNotices) {
    Result<std::vector<ShareNotice>> notices = board_->ReadNotices(Call(stop));
    status = notices.status();
    keeper_.SawNotices(sent, clock_.Now(), std::move(notices));
  } else if (step == ShareStep::kReadLedger) {
    Result<ShareLedger> ledger = board_->ReadLedger(Call(stop));
    status = ledger.status();
    keeper_.SawLedger(clock_.Now(), std::move(ledger));
  } else {
    Result<std::string> etag = board_->ReplaceLedger(keeper_.proposal(), Call(stop));
    status = etag.status();
    keeper_.Replaced(clock_.Now(), std::move(etag));
  }
  Apply();
  return status;
}

void ShareMember::Follow(const std::stop_token& stop) {
  SteadyTime sampled = clock_.Now();
  SteadyTime had_part = sampled;
  Status failed;  // since then
  while (!stop.stop_requested()) {
    const SteadyTime now = clock_.Now();
    if (now >= sampled + ShareDemand::kSampleEvery) {
      sampled = now;
      demand_.Sample(limiter_, now);
      const double part = keeper_.spending(now).part;
      keeper_.Want(demand_.wanted(), demand_.load(part), part * limiter_.whole().value_or(0));
    }
    const ShareStep step = keeper_.Next(now);
    Apply();
    if (step == ShareStep::kWait) {
      clock_.WaitFor(std::min<std::chrono::nanoseconds>(keeper_.WaitFor(now),
                                                        sampled + ShareDemand::kSampleEvery - now),
                     stop);
      continue;
    }
    Status done = Step(step, stop);
    if (!done.ok() && done.code() != StatusCode::kConflict) failed = std::move(done);
    if (keeper_.spending(clock_.Now()).part > 0) {
      had_part = clock_.Now();
      failed = Status::Ok();
    }
    if (!stop.stop_requested() && !failed.ok() && clock_.Now() >= had_part + kSilentMax) {
      limiter_.Close(std::move(failed).WithContext(board_->Describe()));
      return;
    }
  }
}

// When it cannot be given back, it expires.
void ShareMember::Leave() {
  limiter_.SetPart(0, clock_.Now());
  Status replaced = Conflict("not tried yet");
  for (int attempt = 0; attempt < kLeaveAttemptsMax && replaced.code() == StatusCode::kConflict;
       ++attempt) {
    Result<ShareLedger> ledger = board_->ReadLedger(Call({}));
    if (!ledger.ok()) break;
    keeper_.SawLedger(clock_.Now(), std::move(ledger));
    const std::optional<ShareLedger> without = keeper_.WithoutMe();
    if (!without.has_value()) break;
    replaced = board_->ReplaceLedger(*without, Call({})).status();
  }
  [[maybe_unused]] const Status removed = board_->RemoveNotice(name_, Call({}));
}

}  // namespace spillway
