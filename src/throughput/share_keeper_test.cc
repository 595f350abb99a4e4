#include "throughput/share_keeper.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <queue>
#include <random>

namespace spillway {
namespace {

using namespace std::chrono_literals;
using Nanos = std::chrono::nanoseconds;
using Millis = std::chrono::milliseconds;

// What a store does to one request.
struct Trouble {
  Millis way_max{8};        // each of the two ways takes up to that
  double slow = 0;          // of requests: take up to two seconds
  double refused = 0;       // throttled, or unavailable
  double lost_answers = 0;  // carried out, perhaps late, and nobody hears of it
  double lost_requests = 0;
};

// Members of one group, the store between them and the network, in virtual time. Every member has a
// clock of its own, that starts anywhere and runs a little fast or slow.
class Group {
 public:
  explicit Group(uint32_t seed) : random_(seed) {}

  Trouble trouble;
  Millis notices_lag{0};

  size_t Join() {
    auto& member = *members_.emplace_back(std::make_unique<Member>());
    member.name = fmt::format("m{}", members_.size());
    member.offset = Nanos(static_cast<int64_t>(Drawn(0, 1e15)));
    member.rate = Drawn(0.9999, 1.0001);
    member.keeper = std::make_unique<ShareKeeper>(member.name, timing);
    const size_t index = members_.size() - 1;
    At(now_, [this, index] { Go(index); });
    return index;
  }

  // Without a word. What it has sent by then arrives all the same.
  void Kill(size_t member) { members_[member]->alive = false; }
  // Stands still, with its clock going on, and then goes on as if nothing had been.
  void Pause(size_t member, Nanos duration) { members_[member]->paused_until = now_ + duration; }
  void Leave(size_t index) {
    Kill(index);
    const std::string& name = members_[index]->name;
    std::erase_if(ledger_.parts, [&](const SharePart& part) { return part.member == name; });
    ledger_.etag = NewEtag();
    notices_.erase(name);
  }
  void Want(size_t member, std::optional<double> part) {
    members_[member]->keeper->Want(part, part.has_value() ? 0.1 : 1, 0);
  }
  void PutForeign(const std::string& name, double load) {
    ShareNotice notice;
    notice.member = name;
    notice.load = load;
    notice.foreign = true;
    notices_[name].push_back({now_, notice});
  }
  void RemoveForeign(const std::string& name) { notices_.erase(name); }

  void RunFor(Nanos duration) {
    const Nanos end = now_ + duration;
    while (!events_.empty() && events_.top().at <= end) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      event.action();
      Judge();
    }
    now_ = end;
    Judge();
  }

  double PartOf(size_t index) {
    Member& member = *members_[index];
    if (!member.alive) return 0;
    const SteadyTime now = member.Local(now_);
    // What is sent is decided on a thread of its own: the end of a part counts, the keeper's next
    // step or not.
    return now < member.spends.until ? member.spends.part : 0;
  }
  double Sum() {
    double sum = 0;
    for (size_t i = 0; i < members_.size(); ++i) sum += PartOf(i);
    return sum;
  }
  double highest = 0;
  double lowest = 1;
  double allowed = 1;
  uint64_t requests = 0;
  ShareTiming timing;
  Nanos now() const { return now_; }
  std::minstd_rand& random() { return random_; }

 private:
  struct Member {
    std::string name;
    Nanos offset{0};
    double rate = 1;
    bool alive = true;
    Nanos paused_until{0};
    std::unique_ptr<ShareKeeper> keeper;
    ShareSpending spends;
    SteadyTime Local(Nanos now) const {
      return SteadyTime(offset +
                        Nanos(static_cast<int64_t>(static_cast<double>(now.count()) * rate)));
    }
  };
  struct Event {
    Nanos at;
    uint64_t number;
    std::function<void()> action;
    bool operator<(const Event& other) const {
      return std::pair(at, number) > std::pair(other.at, other.number);
    }
  };
  struct Told {
    Nanos at;
    ShareNotice notice;
  };

  double Drawn(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  bool Happens(double share) { return Drawn(0, 1) < share; }
  Nanos Way() {
    if (Happens(trouble.slow)) return Nanos(static_cast<int64_t>(Drawn(0, 2e9)));
    return Nanos(
        static_cast<int64_t>(Drawn(0.2e6, 1e6 * static_cast<double>(trouble.way_max.count()))));
  }
  void At(Nanos when, std::function<void()> action) {
    events_.push({when, number_++, std::move(action)});
  }
  std::string NewEtag() { return fmt::format("{}", ++etags_); }

  // A member's thread: waits, or sends one request and waits for its answer.
  void Go(size_t index) {
    Member& member = *members_[index];
    if (!member.alive) return;
    if (now_ < member.paused_until) return At(member.paused_until, [this, index] { Go(index); });
    const SteadyTime now = member.Local(now_);
    const ShareStep step = member.keeper->Next(now);
    member.spends = member.keeper->spending(now);
    if (step == ShareStep::kWait) {
      return At(now_ + member.keeper->WaitFor(now), [this, index] { Go(index); });
    }
    ++requests;
    Send(index, step, now);
  }

  // The answer comes after at most call_max; the request may arrive later than that.
  void Send(size_t index, ShareStep step, SteadyTime sent) {
    Member& member = *members_[index];
    const Nanos arrives = now_ + Way();
    const Nanos answered = arrives + Way();
    const Nanos given_up = now_ + timing.call_max;
    const bool lost = Happens(trouble.lost_requests);
    const bool unheard = lost || Happens(trouble.lost_answers) || answered >= given_up;
    auto result = std::make_shared<std::function<void(SteadyTime)>>();
    if (Happens(trouble.refused)) {
      At(answered, [this, index, step, sent] { Fail(index, step, sent, Throttled("busy")); });
      return;
    }
    if (!lost) {
      At(arrives, [this, index, step, sent, result, notice = member.keeper->notice(),
                   proposal = member.keeper->proposal()] {
        *result = Arrive(index, step, sent, notice, proposal);
      });
    }
    if (unheard) {
      At(given_up, [this, index, step, sent] { Fail(index, step, sent, Unsure("no answer")); });
      return;
    }
    At(answered, [this, index, result] { Answer(index, *result); });
  }

  std::function<void(SteadyTime)> Arrive(size_t index, ShareStep step, SteadyTime sent,
                                         const ShareNotice& notice, const ShareLedger& proposal) {
    ShareKeeper& keeper = *members_[index]->keeper;
    switch (step) {
      case ShareStep::kRenew:
        notices_[notice.member].push_back({now_, notice});
        return [&keeper, sent](SteadyTime now) { keeper.Renewed(sent, now, Status::Ok()); };
      case ShareStep::kReadNotices:
        return [&keeper, sent, notices = Notices()](SteadyTime now) {
          keeper.SawNotices(sent, now, notices);
        };
      case ShareStep::kReadLedger:
        return [&keeper, ledger = ledger_](SteadyTime now) { keeper.SawLedger(now, ledger); };
      default: {
        Result<std::string> etag = Conflict("another was faster");
        if (proposal.etag == ledger_.etag) {
          ledger_ = proposal;
          etag = ledger_.etag = NewEtag();
        }
        return [&keeper, etag](SteadyTime now) { keeper.Replaced(now, etag); };
      }
    }
  }

  void Fail(size_t index, ShareStep step, SteadyTime sent, const Status& why) {
    ShareKeeper& keeper = *members_[index]->keeper;
    Answer(index, [&keeper, step, sent, why](SteadyTime now) {
      if (step == ShareStep::kRenew) keeper.Renewed(sent, now, why);
      if (step == ShareStep::kReadNotices) keeper.SawNotices(sent, now, why);
      if (step == ShareStep::kReadLedger) keeper.SawLedger(now, why);
      if (step == ShareStep::kReplaceLedger) keeper.Replaced(now, why);
    });
  }

  void Answer(size_t index, const std::function<void(SteadyTime)>& tell) {
    Member& member = *members_[index];
    if (!member.alive) return;
    if (now_ < member.paused_until) {
      return At(member.paused_until, [this, index, tell] { Answer(index, tell); });
    }
    const SteadyTime now = member.Local(now_);
    tell(now);
    member.spends = member.keeper->spending(now);
    Go(index);
  }

  // As they were a while ago.
  std::vector<ShareNotice> Notices() const {
    std::vector<ShareNotice> seen;
    for (const auto& [name, told] : notices_) {
      for (auto one = told.rbegin(); one != told.rend(); ++one) {
        if (one->at > now_ - notices_lag) continue;
        seen.push_back(one->notice);
        break;
      }
    }
    return seen;
  }

  void Judge() {
    const double sum = Sum();
    highest = std::max(highest, sum);
    lowest = std::min(lowest, sum);
    EXPECT_LE(sum, allowed + 1e-9) << "at " << now_.count() / 1'000'000 << " ms";
  }

  std::minstd_rand random_;
  Nanos now_{0};
  uint64_t number_ = 0;
  uint64_t etags_ = 0;
  std::priority_queue<Event> events_;
  std::vector<std::unique_ptr<Member>> members_;
  ShareLedger ledger_;
  std::map<std::string, std::vector<Told>> notices_;
};

TEST(ShareKeeper, OneAloneHasEverythingAsSoonAsItHasAsked) {
  Group group(1);
  const size_t only = group.Join();
  group.RunFor(100ms);
  EXPECT_DOUBLE_EQ(group.PartOf(only), 1);
  group.lowest = 1;
  group.RunFor(60s);
  EXPECT_DOUBLE_EQ(group.lowest, 1);
}

TEST(ShareKeeper, EightDivideTheLimitEvenlyAndHardlyAnythingIsLostOnTheWay) {
  Group group(2);
  group.Join();
  group.RunFor(2s);
  group.lowest = 1;
  for (int i = 1; i < 8; ++i) group.Join();
  group.RunFor(20s);
  EXPECT_GE(group.lowest, 1 - kInTransitMax - 1e-9);
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(group.PartOf(i), 0.125, 0.004);
  EXPECT_GE(group.Sum(), 0.999);
}

TEST(ShareKeeper, TheShareOfOneThatIsKilledIsBackWithinFiveSeconds) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    Group group(seed);
    for (int i = 0; i < 4; ++i) group.Join();
    group.RunFor(20s + Millis(group.random()() % 1'000));
    group.Kill(seed % 4);
    EXPECT_LT(group.Sum(), 0.8);
    group.RunFor(4'500ms);
    EXPECT_GE(group.Sum(), 0.97) << "seed " << seed;
  }
}

TEST(ShareKeeper, OneThatLeavesLeavesItsPartToTheOthersAtOnce) {
  Group group(3);
  for (int i = 0; i < 3; ++i) group.Join();
  group.RunFor(20s);
  group.Leave(1);
  group.RunFor(600ms);
  EXPECT_GE(group.Sum(), 0.999);
}

TEST(ShareKeeper, OneThatStandsStillIsNotWaitedForAndSpendsNothingWhenItGoesOn) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    Group group(seed);
    for (int i = 0; i < 3; ++i) group.Join();
    group.RunFor(15s);
    group.Pause(0, Millis(500 + group.random()() % 6'000));
    group.RunFor(15s);  // judged at every event
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(group.PartOf(i), 1.0 / 3, 0.02) << seed;
  }
}

TEST(ShareKeeper, WhatOneHasNoUseForGoesToTheOthersAndComesBack) {
  Group group(4);
  const size_t idle = group.Join();
  const size_t busy = group.Join();
  group.RunFor(10s);
  group.Want(idle, 0.0);
  group.RunFor(8s);
  EXPECT_GE(group.PartOf(busy), 0.99);
  group.Want(idle, std::nullopt);
  group.RunFor(8s);
  EXPECT_NEAR(group.PartOf(idle), 0.5, 0.01);
}

TEST(ShareKeeper, BesideOtherProgramsTheLedgerDividesWhatTheirLoadsLeave) {
  Group group(5);
  group.Join();
  group.Join();
  group.RunFor(10s);
  group.PutForeign("java", 1);  // of three members that are busy
  group.RunFor(2s);
  group.allowed = 2.0 / 3 + 1e-6;
  group.highest = 0;
  group.RunFor(20s);
  EXPECT_NEAR(group.Sum(), 2.0 / 3, 0.001);
  group.RemoveForeign("java");
  group.allowed = 1;
  group.RunFor(2s);
  EXPECT_GE(group.Sum(), 0.999);
}

// One member and what it is told, step by step.
class Told {
 public:
  ShareTiming timing;
  ShareKeeper keeper{"me", timing};
  SteadyTime now{1h};

  ShareStep Next() { return keeper.Next(now); }
  double part() const { return keeper.spending(now).part; }
  void Join(double part, double others) {
    keeper.Next(now);
    keeper.Renewed(now, now, Status::Ok());
    keeper.SawNotices(now, now, Result<std::vector<ShareNotice>>({Other()}));
    keeper.SawLedger(now, ShareLedger{{{"other", others, 1}, {"me", part, 0}}, "1"});
    ASSERT_EQ(Next(), ShareStep::kReplaceLedger);
    keeper.Replaced(now, std::string("2"));
  }
  // The ledger as this member wrote it last.
  ShareLedger Ledger(std::string etag) const {
    ShareLedger ledger = keeper.proposal();
    ledger.etag = std::move(etag);
    return ledger;
  }
  static ShareNotice Other() {
    ShareNotice other;
    other.member = "other";
    return other;
  }
};

TEST(ShareKeeper, ItsPartEndsByItselfCountedFromWhenTheRenewalWasSent) {
  Told told;
  told.Join(0.5, 0.5);
  const SteadyTime sent = told.now;
  told.keeper.Renewed(sent, sent + 900ms, Status::Ok());
  EXPECT_EQ(told.keeper.spending(sent + 1s).until, sent + told.timing.hold);
  EXPECT_GT(told.keeper.spending(sent + told.timing.hold - 1ms).part, 0);
  EXPECT_EQ(told.keeper.spending(sent + told.timing.hold).part, 0);
}

TEST(ShareKeeper, AfterASilenceItSpendsNothingUntilTheLedgerHasItUnderANewEpoch) {
  Told told;
  told.Join(0.5, 0.5);
  const uint64_t epoch = told.keeper.proposal().parts.back().epoch;
  told.now += told.timing.hold + 1ms;
  told.Next();
  told.keeper.Renewed(told.now, told.now, Status::Ok());
  EXPECT_EQ(told.part(), 0);
  told.keeper.SawNotices(told.now, told.now, Result<std::vector<ShareNotice>>({Told::Other()}));
  told.keeper.SawLedger(told.now, told.Ledger("2"));
  EXPECT_EQ(told.part(), 0);
  ASSERT_EQ(told.Next(), ShareStep::kReplaceLedger);
  EXPECT_GT(told.keeper.proposal().parts.back().epoch, epoch);
  told.keeper.Replaced(told.now, std::string("3"));
  EXPECT_NEAR(told.part(), 0.5, 1e-9);
}

TEST(ShareKeeper, WhatItMayHaveGivenUpIsNotSpentUntilTheLedgerHasChanged) {
  Told told;
  told.Join(0.8, 0.2);
  const double given = told.part();
  ShareLedger before = told.Ledger("2");
  before.parts.front().part = 1 - given;  // the other has taken the first step
  told.now += 300ms;
  told.keeper.SawLedger(told.now, before);
  ASSERT_EQ(told.Next(), ShareStep::kReplaceLedger);
  const double lower = told.keeper.proposal().parts.back().part;
  ASSERT_LT(lower, given);
  EXPECT_EQ(told.part(), lower);  // before the request is sent
  told.keeper.Replaced(told.now, Unsure("no answer"));
  EXPECT_EQ(told.part(), lower);
  told.keeper.SawLedger(told.now, before);  // it may still arrive
  EXPECT_EQ(told.part(), lower);
  ShareLedger changed = before;
  changed.etag = "3";  // by another: now it cannot any more
  told.keeper.SawLedger(told.now, changed);
  EXPECT_EQ(told.part(), given);
}

TEST(ShareKeeper, WhatItMayHaveBeenGivenIsNotSpentUntilItIsThere) {
  Told told;
  told.Join(0.2, 0.2);
  EXPECT_NEAR(told.part(), 0.5, 1e-9);
  ShareLedger ledger = told.Ledger("2");
  ledger.parts.back().part = 0.2;
  ledger.etag = "3";
  told.keeper.SawLedger(told.now, ledger);
  ASSERT_EQ(told.Next(), ShareStep::kReplaceLedger);
  told.keeper.Replaced(told.now, Unsure("no answer"));
  EXPECT_EQ(told.part(), 0.2);
}

// The property, in all kinds of trouble at once; judged at every event.
TEST(ShareKeeper, TheSumIsNeverMoreThanTheLimitWhateverGoesWrong) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    Group group(seed);
    std::minstd_rand& random = group.random();
    std::vector<size_t> living;
    const size_t members = 2 + random() % 7;
    for (size_t i = 0; i < members; ++i) living.push_back(group.Join());
    for (int scene = 0; scene < 12; ++scene) {
      group.trouble = {.way_max = Millis(1 + random() % 200),
                       .slow = random() % 3 == 0 ? 0.2 : 0,
                       .refused = random() % 3 == 0 ? 0.3 : 0,
                       .lost_answers = random() % 3 == 0 ? 0.3 : 0,
                       .lost_requests = random() % 3 == 0 ? 0.3 : 0};
      group.notices_lag = Millis(random() % 3 == 0 ? random() % 900 : 0);
      const size_t chosen = random() % living.size();
      switch (random() % 6) {
        case 0:
          living.push_back(group.Join());
          break;
        case 1:
          if (living.size() > 1) {
            group.Kill(living[chosen]);
            living.erase(living.begin() + static_cast<long>(chosen));
          }
          break;
        case 2:
          group.Pause(living[chosen], Millis(random() % 8'000));
          break;
        case 3:
          group.Want(living[chosen], static_cast<double>(random() % 100) / 100);
          break;
        default:
          group.Want(living[chosen], std::nullopt);
      }
      group.RunFor(Millis(200 + random() % 8'000));
    }
    // When the trouble is over, nothing is lost.
    group.trouble = {};
    group.notices_lag = 0ms;
    for (const size_t member : living) group.Want(member, std::nullopt);
    group.RunFor(40s);
    ASSERT_GE(group.Sum(), 0.97) << "seed " << seed;
    for (const size_t member : living) {
      ASSERT_NEAR(group.PartOf(member) * static_cast<double>(living.size()), 1, 0.12) << seed;
    }
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace spillway
