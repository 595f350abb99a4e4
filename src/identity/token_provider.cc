#include "identity/token_provider.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"

namespace spillway {
namespace {

constexpr std::string_view kArea = "identity";

void Tell(std::string_view name, std::string_view scope, const Result<AccessToken>& token,
          const Clock& clock) {
  if (token.ok()) {
    const auto left = std::chrono::floor<std::chrono::seconds>(token->expires_at - clock.Now());
    LogLine(LogLevel::kDebug, kArea,
            fmt::format("a token for {} from {}, good for {} s", scope, name, left.count()));
  } else if (token.status().code() != StatusCode::kCancelled) {
    LogLine(LogLevel::kWarning, kArea,
            fmt::format("no token for {} from {}: {}", scope, name, token.status().message()));
  }
}

}  // namespace

bool TokenProvider::Lives(const Entry& entry) const {
  return entry.generation > 0 && clock_.Now() < entry.token.expires_at;
}

Result<GivenToken> TokenProvider::Get(const std::string& scope, const CallContext& ctx) {
  Lock lock(mutex_);
  Entry& entry = entries_[scope];
  const SteadyTime now = clock_.Now();
  const bool early = Lives(entry) && now >= entry.token.refresh_at && now >= entry.renew_not_before;
  if (early && !entry.fetching) {
    // A failure is no matter while the old token lives.
    const Status renewed = Fetch(lock, entry, scope, ctx);
    if (renewed.code() == StatusCode::kCancelled) return renewed;
  }
  if (!Lives(entry)) {
    RETURN_IF_ERROR(entry.fetching ? WaitForFetch(lock, entry, ctx)
                                   : Fetch(lock, entry, scope, ctx));
  }
  return GivenToken{entry.token.text, entry.generation};
}

Result<bool> TokenProvider::Renew(const std::string& scope, uint64_t generation,
                                  const CallContext& ctx) {
  Lock lock(mutex_);
  Entry& entry = entries_[scope];
  if (entry.generation > generation) return true;
  if (entry.fetching) {
    RETURN_IF_ERROR(WaitForFetch(lock, entry, ctx));
    return entry.generation > generation;
  }
  if (clock_.Now() < entry.renew_not_before) return false;
  RETURN_IF_ERROR(Fetch(lock, entry, scope, ctx));
  entry.renew_not_before = clock_.Now() + kRenewalPause;
  return entry.generation > generation;
}

Status TokenProvider::Fetch(Lock& lock, Entry& entry, const std::string& scope,
                            const CallContext& ctx) {
  entry.fetching = true;
  lock.unlock();
  Result<AccessToken> token = credential_->Fetch(scope, ctx);
  Tell(name(), scope, token, clock_);
  lock.lock();
  entry.fetching = false;
  ++entry.fetches;
  Status status = token.status();
  if (token.ok()) {
    if (token->text != entry.token.text) ++entry.generation;
    entry.token = *std::move(token);
  } else if (status.code() == StatusCode::kNotFound || status.code() == StatusCode::kDataLoss) {
    status = Unauthenticated(std::string(status.message())).WithHint(std::string(status.hint()));
  }
  if (!status.ok() && status.code() != StatusCode::kCancelled) {
    entry.renew_not_before = clock_.Now() + kRenewalPause;
  }
  entry.failure = status;
  fetched_.notify_all();
  return status;
}

// A stop of the one who fetches is not a stop of those who wait: they try themselves.
Status TokenProvider::WaitForFetch(Lock& lock, Entry& entry, const CallContext& ctx) {
  const uint64_t before = entry.fetches;
  if (!fetched_.wait(lock, ctx.stop, [&] { return entry.fetches > before; })) {
    return Cancelled("stopped on request");
  }
  if (entry.failure.code() == StatusCode::kCancelled) {
    return Unavailable("the run that asked for a token was stopped");
  }
  return entry.failure;
}

}  // namespace spillway
