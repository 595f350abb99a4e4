// ShareKeeper: one member of a group that spends one limit together, as a state machine without
// time, threads or requests of its own: it says what to ask the board for next, is told what came
// of it, and says what may be spent meanwhile.
//
// The promise: the parts that all members spend at one instant are together never more than 1,
// whatever requests are slow, refused, repeated or lost, whoever dies or stands still, and however
// the clocks of the machines differ. What it stands on:
//
// - One ledger, replaced as a whole and only when nobody else was faster, says whose part is what;
//   in it they are never more than 1. A member spends less before it gives up a part there, and
//   more only after it was given one there.
// - A member renews its notice. When it has not managed to for `hold`, counted from when it sent
//   the last one that succeeded, it spends nothing; counted from when they first saw that one, the
//   others wait longer (`expire`) before they take its part. Each by its own steady clock.
// - After such a silence it spends nothing before the ledger has its part under a new epoch: the
//   others either see that it lives, or have taken the part before, and then it is not there.
// - A replacement whose answer was lost counts as if it had been made where that means to spend
//   less, and as if it had not where it means to spend more, until the ledger has changed.
//
// So that the sum does not fall either, parts change hands in small steps: a member gives up no
// more than brings what is nobody's to kInTransitMax.
//
// Members of other programs know no ledger: they take load / (sum of all loads). What their loads
// leave is the pool that the ledger divides.
#ifndef SPILLWAY_THROUGHPUT_SHARE_KEEPER_H_
#define SPILLWAY_THROUGHPUT_SHARE_KEEPER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "connector/share_board.h"

namespace spillway {

// Of a limit: what is nobody's while it changes hands.
inline constexpr double kInTransitMax = 0.025;

struct ShareSpending {
  double part = 0;   // of the limit
  SteadyTime until;  // and nothing after that, unless it was renewed
};

enum class ShareStep : uint8_t { kWait, kRenew, kReadNotices, kReadLedger, kReplaceLedger };

// Used by one thread. After Next, exactly one of the answers to the step it named.
class ShareKeeper {
 public:
  ShareKeeper(std::string member, const ShareTiming& timing)
      : member_(std::move(member)), timing_(timing) {}

  // What the member has use for, from now on.
  void Want(std::optional<double> part, double load, double units_per_second);

  ShareStep Next(SteadyTime now);
  // kWait: for so long.
  std::chrono::nanoseconds WaitFor(SteadyTime now) const;

  const ShareNotice& notice() const { return notice_; }      // of kRenew: to be written
  const ShareLedger& proposal() const { return proposal_; }  // of kReplaceLedger

  // The answers. `sent`: just before the request was.
  void Renewed(SteadyTime sent, SteadyTime now, const Status& status);
  void SawNotices(SteadyTime sent, SteadyTime now, Result<std::vector<ShareNotice>> notices);
  void SawLedger(SteadyTime now, Result<ShareLedger> ledger);
  void Replaced(SteadyTime now, Result<std::string> etag);

  // What may be spent by now. May fall when Next says kReplaceLedger: before the request is sent.
  ShareSpending spending(SteadyTime now) const;
  // The ledger without the member, for its end; nullopt: there is nothing to give back.
  std::optional<ShareLedger> WithoutMe() const;
  // The others, seen last.
  size_t others() const { return others_; }

 private:
  // When a member was last known to have shown itself.
  struct Life {
    uint64_t renewal = 0;
    uint64_t epoch = 0;
    SteadyTime since;
    std::optional<SteadyTime> gone_since;
    bool expired = false;
  };
  // A replacement that may have been made, or may still be, of the ledger with this etag.
  struct Doubt {
    std::string etag;
    double part = 0;
  };
  // How the limit should be divided, by what is known now.
  struct Division {
    double pool = 1;
    double mine = 1;
  };

  ShareStep Renew();
  void LapseIfLate(SteadyTime now);
  void NoteLife(const std::string& member, std::optional<uint64_t> renewal,
                std::optional<uint64_t> epoch, SteadyTime now);
  void JudgeLives(SteadyTime sent);
  void ForgetStrangers();
  bool IsExpired(const std::string& member) const;
  Division Divide() const;
  bool Propose(SteadyTime now);
  double NextPart(double present, double free, double sum, const Division& division) const;
  void TryAgainSoon(SteadyTime now, const Status& failed);
  bool IsDue(const std::optional<SteadyTime>& last, std::chrono::milliseconds every,
             SteadyTime now) const;
  std::chrono::milliseconds Every(std::chrono::milliseconds in_company) const;
  std::chrono::milliseconds EveryLook() const;

  const std::string member_;
  const ShareTiming timing_;
  ShareNotice notice_;
  std::map<std::string, Life> lives_;
  std::vector<ShareNotice> notices_;  // of the others, seen last
  std::optional<ShareLedger> ledger_;
  bool looked_ = false;  // at the ledger, and nothing was made of it yet
  ShareLedger proposal_;
  std::optional<Doubt> doubt_;
  std::optional<double> giving_up_to_;  // by a proposal under way
  double part_ = 0;                     // ours for certain
  double scale_ = 1;          // of all parts: less than 1 while they are more than the pool
  uint64_t epoch_ = 0;        // the last one that was ours
  uint64_t tried_epoch_ = 0;  // the highest that may ever have been
  bool asserted_ = false;     // the ledger has our part under our epoch, and no silence came since
  bool moving_ = false;       // parts are about to change hands
  bool renew_now_ = false;    // what we want has changed
  bool others_turn_ = false;  // another step's, even if a renewal is due
  size_t others_ = 0;
  std::optional<SteadyTime> held_until_;
  std::optional<SteadyTime> renewed_;  // sent
  std::optional<SteadyTime> notices_seen_;
  std::optional<SteadyTime> ledger_seen_;
  SteadyTime not_before_;  // after a failure
  uint32_t failures_ = 0;  // in a row
};

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_SHARE_KEEPER_H_
