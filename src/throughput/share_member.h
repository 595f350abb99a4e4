// ShareMember: this run in the group of those who spend a limit together: asks the board what its
// ShareKeeper wants asked, on a thread of its own, and lets the limiter spend what is the run's.
#ifndef SPILLWAY_THROUGHPUT_SHARE_MEMBER_H_
#define SPILLWAY_THROUGHPUT_SHARE_MEMBER_H_

#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/call_context.h"
#include "connector/share_board.h"
#include "throughput/share_keeper.h"
#include "throughput/throughput_limiter.h"

namespace spillway {

// What a run has use for, by what its limiter was asked for: all it can get while it is held back,
// else somewhat more than it spends. Used by one thread.
class ShareDemand {
 public:
  // To be called every kSampleEvery or so.
  void Sample(const ThroughputLimiter& limiter, SteadyTime now);
  static constexpr std::chrono::milliseconds kSampleEvery{100};

  std::optional<double> wanted() const { return wanted_; }
  double load(double part) const;

 private:
  bool held_back_ = true;
  double held_back_lately_ = 1;  // of the samples, the latest most
  double used_ = 1;              // of the whole limit
  std::optional<double> wanted_;
  std::optional<SteadyTime> measured_;
  double spent_before_ = 0;
};

class ShareMember {
 public:
  // Blocks until the run has a part, or for kJoinMax: then it waits for one while it runs. Failures
  // of the board that do not pass end it. Limiter and clock outlive the member.
  static Result<std::unique_ptr<ShareMember>> Join(std::unique_ptr<ShareBoard> board,
                                                   ThroughputLimiter& limiter, Clock& clock,
                                                   const CallContext& ctx);
  // Gives the part back. REQUIRES: nothing is sent any more.
  ~ShareMember();

  static constexpr std::chrono::seconds kJoinMax{5};
  // A run that has had no part for so long, because the board fails, ends with its last failure.
  static constexpr std::chrono::seconds kSilentMax{60};

 private:
  ShareMember(std::unique_ptr<ShareBoard> board, ThroughputLimiter& limiter, Clock& clock);
  // One step; the failure of the board, if it was one.
  Status Step(ShareStep step, const std::stop_token& stop);
  void Apply();
  void Follow(const std::stop_token& stop);
  void Leave();
  CallContext Call(const std::stop_token& stop) const;

  const std::unique_ptr<ShareBoard> board_;
  ThroughputLimiter& limiter_;
  Clock& clock_;
  const std::string name_;
  ShareKeeper keeper_;
  ShareDemand demand_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_SHARE_MEMBER_H_
