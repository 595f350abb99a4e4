#include "throughput/throughput_control.h"

#include <chrono>
#include <utility>

namespace spillway {
namespace {

constexpr std::chrono::milliseconds kLookEvery{1'000};
// A look that takes longer says nothing of now.
constexpr std::chrono::seconds kLookMax{5};

Status NothingToShare(const Status& why) {
  std::string message =
      "throughput.limit is a share, and the destination does not say what it admits";
  if (!why.ok()) message.append(": ").append(why.message());
  return InvalidArgument(std::move(message))
      .WithHint("give the limit in request units a second: throughput: {limit: 4000}");
}

}  // namespace

ThroughputControl::ThroughputControl(Destination& destination, Clock& clock, const LanePlan& plan,
                                     const ThroughputOptions& options)
    : destination_(destination),
      clock_(clock),
      plan_(plan),
      options_(options),
      limiter_(clock),
      charges_(destination.capabilities().expected_cost) {}

Result<std::unique_ptr<ThroughputControl>> ThroughputControl::Start(
    Destination& destination, Clock& clock, const LanePlan& plan, const ThroughputOptions& options,
    const CallContext& ctx) {
  std::unique_ptr<ThroughputControl> control(
      new ThroughputControl(destination, clock, plan, options));
  // Without a cost there is nothing to limit; what throttles all the same is learned.
  if (!destination.capabilities().measures_cost) return control;
  const Status looked = control->LookAtAdmitted(ctx);
  RETURN_IF_ERROR(control->LookAtLimit());
  if (control->limit_.share.has_value() && !control->admitted_.units_per_second.has_value()) {
    return looked.code() == StatusCode::kCancelled ? looked : NothingToShare(looked);
  }
  if (options.lent != nullptr) options.lent->Attach(control->limiter_);
  if (options.board) {
    ASSIGN_OR_RETURN(std::unique_ptr<ShareBoard> board, options.board());
    ASSIGN_OR_RETURN(control->member_,
                     ShareMember::Join(std::move(board), control->limiter_, clock, ctx));
  }
  control->thread_ =
      std::jthread([raw = control.get()](const std::stop_token& stop) { raw->Follow(stop); });
  return control;
}

ThroughputControl::~ThroughputControl() {
  if (options_.lent != nullptr) options_.lent->Detach();
}

Status ThroughputControl::LookAtLimit() {
  ThroughputLimit limit = options_.limit;
  if (options_.lent != nullptr) limit = options_.lent->limit().value_or(limit);
  if (options_.limit_now) {
    ASSIGN_OR_RETURN(const std::optional<ThroughputLimit> now, options_.limit_now());
    if (now.has_value()) limit = *now;
  }
  if (limit == limit_) return Status::Ok();
  limit_ = limit;
  limiter_.SetLimit(limit);
  TellUsage();
  return Status::Ok();
}

Status ThroughputControl::LookAtAdmitted(const CallContext& ctx) {
  ASSIGN_OR_RETURN(admitted_, destination_.ReadThroughput(plan_, ctx));
  limiter_.SetAdmitted(admitted_);
  TellUsage();
  return Status::Ok();
}

void ThroughputControl::TellUsage() const {
  if (options_.usage != nullptr) options_.usage->SetCap(admitted_, limit_);
}

void ThroughputControl::Follow(const std::stop_token& stop) {
  uint64_t asked = limiter_.asked();
  while (clock_.WaitFor(kLookEvery, stop)) {
    if (std::exchange(asked, limiter_.asked()) == asked) continue;
    // What cannot be read is as it was: the limit that is kept was allowed a second ago.
    [[maybe_unused]] const Status limit = LookAtLimit();
    [[maybe_unused]] const Status admitted =
        LookAtAdmitted(CallContext{.stop = stop, .deadline = clock_.Now() + kLookMax});
  }
}

}  // namespace spillway
