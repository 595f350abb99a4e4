// ThroughputControl: a run's limiter and what it knows of prices, kept in line with what the
// destination admits and with what the user allows, both of which may change while the run goes on.
#ifndef SPILLWAY_THROUGHPUT_THROUGHPUT_CONTROL_H_
#define SPILLWAY_THROUGHPUT_THROUGHPUT_CONTROL_H_

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/call_context.h"
#include "connector/destination.h"
#include "connector/share_board.h"
#include "throughput/charge_model.h"
#include "throughput/lent_share.h"
#include "throughput/share_member.h"
#include "throughput/throughput_limiter.h"
#include "throughput/usage_meter.h"

namespace spillway {

// What the user allows now in place of what is configured; nullopt: nothing else.
using LimitSource = std::function<Result<std::optional<ThroughputLimit>>()>;

using ShareBoardSource = std::function<Result<std::unique_ptr<ShareBoard>>()>;

struct ThroughputOptions {
  ThroughputLimit limit{};
  LimitSource limit_now{};   // may be empty; called from one thread at a time
  ShareBoardSource board{};  // of those who spend the limit together; may be empty: all is ours
  // Who lends the run its part, in place of a board; outlives the control; null: nobody.
  LentShare* lent = nullptr;
  UsageMeter* usage = nullptr;  // is told what may be spent; outlives the control; may be null
};

class ThroughputControl {
 public:
  // Looks at both once, and then about once a second while anything is sent, on a thread of its
  // own, until it is destroyed. What the destination admits is not known where it does not say, or
  // may not be asked; a look that fails later changes nothing. The destination and the clock
  // outlive it. kInvalidArgument: the limit is a share, and there is no number that it could be one
  // of. Joins those who spend it together, and leaves them in its destructor: by then, nothing may
  // be sent any more. REQUIRES: Destination::PlanLanes made `plan`.
  static Result<std::unique_ptr<ThroughputControl>> Start(Destination& destination, Clock& clock,
                                                          const LanePlan& plan,
                                                          const ThroughputOptions& options,
                                                          const CallContext& ctx);
  ~ThroughputControl();

  ThroughputLimiter& limiter() { return limiter_; }
  ChargeModel& charges() { return charges_; }

 private:
  ThroughputControl(Destination& destination, Clock& clock, const LanePlan& plan,
                    const ThroughputOptions& options);
  Status LookAtLimit();
  Status LookAtAdmitted(const CallContext& ctx);
  void Follow(const std::stop_token& stop);
  void TellUsage() const;

  Destination& destination_;
  Clock& clock_;
  const LanePlan plan_;
  const ThroughputOptions options_;
  ThroughputLimit limit_;  // that the limiter has
  AdmittedThroughput admitted_;
  ThroughputLimiter limiter_;
  ChargeModel charges_;
  std::unique_ptr<ShareMember> member_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_THROUGHPUT_CONTROL_H_
