#include "throughput/share_keeper.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "throughput/share_division.h"

namespace spillway {
namespace {

// A part that is off by less, itself measured by what it should be, is left as it is.
constexpr double kBand = 0.01;
// By more: the ledger is looked at more often, because parts are about to change hands.
constexpr double kFarOff = 0.1;
constexpr double kLeast = 1e-4;
constexpr std::chrono::milliseconds kTryAgainFirst{20};
constexpr std::chrono::milliseconds kTryAgainMax{500};
// Of notices that want another part than they did: not more often than that.
constexpr std::chrono::milliseconds kRenewSpacing{100};
// Of members that were faster than each other: so far apart they try again.
constexpr uint64_t kJitterMillis = 16;

double Sum(const ShareLedger& ledger) {
  double sum = 0;
  for (const SharePart& part : ledger.parts) sum += part.part;
  return sum;
}

SharePart* Find(ShareLedger& ledger, const std::string& member) {
  for (SharePart& part : ledger.parts) {
    if (part.member == member) return &part;
  }
  return nullptr;
}

}  // namespace

void ShareKeeper::Want(std::optional<double> part, double load, double units_per_second) {
  renew_now_ = renew_now_ || part.has_value() != notice_.wanted.has_value();
  notice_.wanted = part;
  notice_.load = load;
  notice_.units_per_second = units_per_second;
}

std::chrono::milliseconds ShareKeeper::Every(std::chrono::milliseconds in_company) const {
  return others_ == 0 ? timing_.look_alone : in_company;
}

std::chrono::milliseconds ShareKeeper::EveryLook() const {
  return moving_ && others_ > 0 ? timing_.look_moving : Every(timing_.look);
}

bool ShareKeeper::IsDue(const std::optional<SteadyTime>& last, std::chrono::milliseconds every,
                        SteadyTime now) const {
  return !last.has_value() || now >= *last + every;
}

ShareStep ShareKeeper::Next(SteadyTime now) {
  LapseIfLate(now);
  if (now < not_before_) return ShareStep::kWait;
  const bool renewal_due = IsDue(renewed_, renew_now_ ? kRenewSpacing : timing_.renew, now);
  if (renewal_due && !std::exchange(others_turn_, false)) return Renew();
  if (IsDue(notices_seen_, Every(timing_.look_notices), now)) return ShareStep::kReadNotices;
  if (IsDue(ledger_seen_, EveryLook(), now)) return ShareStep::kReadLedger;
  if (Propose(now)) return ShareStep::kReplaceLedger;
  return renewal_due ? Renew() : ShareStep::kWait;
}

// On a slow board the next renewal is due when one is done: something else has its turn between.
ShareStep ShareKeeper::Renew() {
  others_turn_ = true;
  notice_.member = member_;
  ++notice_.renewal;
  renew_now_ = false;
  return ShareStep::kRenew;
}

std::chrono::nanoseconds ShareKeeper::WaitFor(SteadyTime now) const {
  SteadyTime next =
      renewed_.has_value() ? *renewed_ + (renew_now_ ? kRenewSpacing : timing_.renew) : now;
  if (notices_seen_.has_value()) {
    next = std::min(next, *notices_seen_ + Every(timing_.look_notices));
  }
  if (ledger_seen_.has_value()) next = std::min(next, *ledger_seen_ + EveryLook());
  return std::max<std::chrono::nanoseconds>(std::max(next, not_before_) - now,
                                            std::chrono::milliseconds(1));
}

void ShareKeeper::LapseIfLate(SteadyTime now) {
  if (held_until_.has_value() && now >= *held_until_) asserted_ = false;
}

// Whoever was refused, or came too late, comes again at another time than the others.
void ShareKeeper::TryAgainSoon(SteadyTime now, const Status& failed) {
  const auto wait = std::min(kTryAgainFirst * (1 << std::min(failures_, 5U)), kTryAgainMax);
  const uint64_t jitter = (std::hash<std::string>()(member_) + 7 * ++failures_) % kJitterMillis;
  not_before_ = now + std::max(wait, std::min(failed.retry_after(), kTryAgainMax)) +
                std::chrono::milliseconds(jitter);
}

void ShareKeeper::Renewed(SteadyTime sent, SteadyTime now, const Status& status) {
  LapseIfLate(now);
  if (!status.ok()) return TryAgainSoon(now, status);
  failures_ = 0;
  renewed_ = sent;
  held_until_ = sent + timing_.hold;
}

void ShareKeeper::NoteLife(const std::string& member, std::optional<uint64_t> renewal,
                           std::optional<uint64_t> epoch, SteadyTime now) {
  const auto [found, is_new] = lives_.try_emplace(member);
  Life& life = found->second;
  const bool shown = is_new || renewal.value_or(life.renewal) != life.renewal ||
                     epoch.value_or(life.epoch) != life.epoch;
  life.renewal = renewal.value_or(life.renewal);
  life.epoch = epoch.value_or(life.epoch);
  if (!shown) return;
  life.since = now;
  life.expired = false;
}

// `sent`: when the look began that has not shown them once more.
void ShareKeeper::JudgeLives(SteadyTime sent) {
  for (auto& [member, life] : lives_) {
    life.expired = sent >= life.since + timing_.expire ||
                   (life.gone_since.has_value() && sent >= *life.gone_since + timing_.gone);
  }
}

bool ShareKeeper::IsExpired(const std::string& member) const {
  const auto found = lives_.find(member);
  return found != lives_.end() && found->second.expired;
}

void ShareKeeper::SawNotices(SteadyTime sent, SteadyTime now,
                             Result<std::vector<ShareNotice>> notices) {
  if (!notices.ok()) return TryAgainSoon(now, notices.status());
  notices_seen_ = now;
  notices_.clear();
  for (ShareNotice& notice : *notices) {
    if (notice.member == member_) continue;
    if (!notice.foreign) {
      NoteLife(notice.member, notice.renewal, std::nullopt, now);
      Life& life = lives_[notice.member];
      if (!notice.gone) life.gone_since.reset();
      if (notice.gone && !life.gone_since.has_value()) life.gone_since = now;
    }
    notices_.push_back(std::move(notice));
  }
  JudgeLives(sent);
  ForgetStrangers();
}

void ShareKeeper::SawLedger(SteadyTime now, Result<ShareLedger> ledger) {
  LapseIfLate(now);
  if (!ledger.ok()) return TryAgainSoon(now, ledger.status());
  ledger_seen_ = now;
  looked_ = true;
  ledger_ = *std::move(ledger);
  if (doubt_.has_value() && doubt_->etag != ledger_->etag) doubt_.reset();
  for (const SharePart& part : ledger_->parts) {
    if (part.member != member_) NoteLife(part.member, std::nullopt, part.epoch, now);
  }
  const SharePart* mine = Find(*ledger_, member_);
  if (mine == nullptr || mine->epoch != epoch_) asserted_ = false;
  part_ = mine == nullptr ? 0 : mine->part;
  ForgetStrangers();
}

// Those that neither the board nor the ledger has any more.
void ShareKeeper::ForgetStrangers() {
  if (!ledger_.has_value()) return;
  std::erase_if(lives_, [&](const auto& life) {
    const bool has_notice =
        std::any_of(notices_.begin(), notices_.end(),
                    [&](const ShareNotice& notice) { return notice.member == life.first; });
    return !has_notice && Find(*ledger_, life.first) == nullptr;
  });
  others_ = lives_.size() + static_cast<size_t>(std::count_if(
                                notices_.begin(), notices_.end(),
                                [](const ShareNotice& notice) { return notice.foreign; }));
}

ShareKeeper::Division ShareKeeper::Divide() const {
  std::vector<std::optional<double>> wanted = {notice_.wanted};
  double ours = notice_.load;
  double theirs = 0;
  for (const ShareNotice& notice : notices_) {
    if (notice.foreign) {
      theirs += notice.load;
    } else if (!notice.gone && !IsExpired(notice.member)) {
      ours += notice.load;
      wanted.push_back(notice.wanted);
    }
  }
  const double pool = ours / (ours + theirs);
  return {.pool = pool, .mine = DivideShares(pool, wanted).front()};
}

// Others may give up something at the same instant: only one of them will be the faster, but all
// have spent less by then. So they divide what may be nobody's.
double ShareKeeper::NextPart(double present, double free, double sum,
                             const Division& division) const {
  const double too_much = division.mine * (1 + kBand);
  if (present > too_much) {
    const auto givers = std::count_if(proposal_.parts.begin(), proposal_.parts.end(),
                                      [&](const SharePart& part) { return part.part > too_much; });
    // More than the pool is given up at once; of the rest a little at a time.
    double give = std::max(kInTransitMax - std::max(free, 0.0), 0.0) / static_cast<double>(givers);
    if (free < 0) give = std::max(give, present - present * division.pool / sum);
    return present - std::min(give, present - division.mine);
  }
  if (free <= 0 || present >= division.mine) return present;
  return present + std::min(free, division.mine - present);
}

// Whether the ledger should be another one. Once for every look at it.
bool ShareKeeper::Propose(SteadyTime now) {
  if (!looked_ || !notices_seen_.has_value() || !held_until_.has_value() || now >= *held_until_) {
    return false;
  }
  looked_ = false;
  proposal_ = *ledger_;
  bool changed = std::erase_if(proposal_.parts, [&](const SharePart& part) {
                   return part.member != member_ && IsExpired(part.member);
                 }) > 0;
  SharePart* mine = Find(proposal_, member_);
  if (!asserted_) {
    if (mine == nullptr) mine = &proposal_.parts.emplace_back(SharePart{.member = member_});
    // Never one that others may have seen, in a request of which nothing was heard either.
    tried_epoch_ = std::max(mine->epoch, tried_epoch_) + 1;
    mine->epoch = tried_epoch_;
    changed = true;
  }
  const Division division = Divide();
  const double sum = Sum(proposal_);
  scale_ = sum > division.pool ? division.pool / sum : 1;
  const double next = NextPart(mine->part, division.pool - sum, sum, division);
  moving_ = std::abs(mine->part - division.mine) > kFarOff * division.mine;
  if (std::abs(next - mine->part) > kLeast) {
    mine->part = next;
    changed = true;
  }
  if (changed) giving_up_to_ = mine->part;
  return changed;
}

void ShareKeeper::Replaced(SteadyTime now, Result<std::string> etag) {
  LapseIfLate(now);
  const SharePart mine = *Find(proposal_, member_);
  giving_up_to_.reset();
  if (!etag.ok()) {
    if (etag.status().code() == StatusCode::kUnsure) {
      const double before = doubt_.has_value() ? std::min(doubt_->part, part_) : part_;
      doubt_ = Doubt{proposal_.etag, std::min(before, mine.part)};
    }
    ledger_seen_.reset();
    return TryAgainSoon(now, etag.status());
  }
  failures_ = 0;
  doubt_.reset();
  ledger_ = proposal_;
  ledger_->etag = *std::move(etag);
  part_ = mine.part;
  epoch_ = mine.epoch;
  asserted_ = held_until_.has_value() && now < *held_until_;
}

ShareSpending ShareKeeper::spending(SteadyTime now) const {
  if (!asserted_ || !held_until_.has_value() || now >= *held_until_) return {0, now};
  double part = part_;
  if (doubt_.has_value()) part = std::min(part, doubt_->part);
  if (giving_up_to_.has_value()) part = std::min(part, *giving_up_to_);
  return {part * scale_, *held_until_};
}

std::optional<ShareLedger> ShareKeeper::WithoutMe() const {
  if (!ledger_.has_value()) return std::nullopt;
  ShareLedger without = *ledger_;
  const size_t erased =
      std::erase_if(without.parts, [&](const SharePart& part) { return part.member == member_; });
  return erased > 0 ? std::optional(std::move(without)) : std::nullopt;
}

}  // namespace spillway
