// TokenProvider: the tokens of one identity, by what they are for: fetched once, kept, and renewed
// before they end.
#ifndef SPILLWAY_IDENTITY_TOKEN_PROVIDER_H_
#define SPILLWAY_IDENTITY_TOKEN_PROVIDER_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "identity/credential.h"

namespace spillway {

// After a renewal that failed, or that was asked for because a token was refused, the next one
// waits for this long.
inline constexpr std::chrono::seconds kRenewalPause{30};

struct GivenToken {
  std::string text;
  uint64_t generation = 0;  // a later token has a higher one
};

// Thread-safe. One fetch per scope at a time, on the thread of a caller: while a token still lives,
// the others are given the old one; when there is none, they wait for the fetch and share what
// comes of it, be it a failure.
class TokenProvider {
 public:
  // `clock` outlives it.
  TokenProvider(std::unique_ptr<Credential> credential, Clock& clock)
      : credential_(std::move(credential)), clock_(clock) {}

  std::string_view name() const { return credential_->name(); }

  // A token that lives. Fails as Credential::Fetch does, with kUnauthenticated instead
  // of kNotFound and kDataLoss.
  Result<GivenToken> Get(const std::string& scope, const CallContext& ctx);
  // The service refused the token of this generation. True: there is a later one now. False:
  // another was fetched just a moment ago, or is the same as the refused one.
  Result<bool> Renew(const std::string& scope, uint64_t generation, const CallContext& ctx);

 private:
  struct Entry {
    AccessToken token;
    uint64_t generation = 0;  // 0: there is no token yet
    bool fetching = false;
    uint64_t fetches = 0;  // that have ended
    Status failure;        // of the last one
    SteadyTime renew_not_before;
  };
  using Lock = std::unique_lock<std::mutex>;

  bool Lives(const Entry& entry) const;
  Status Fetch(Lock& lock, Entry& entry, const std::string& scope, const CallContext& ctx);
  Status WaitForFetch(Lock& lock, Entry& entry, const CallContext& ctx);

  const std::unique_ptr<Credential> credential_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any fetched_;
  std::map<std::string, Entry> entries_;
};

// A provider, and what its tokens are for.
struct TokenUse {
  std::shared_ptr<TokenProvider> provider;
  std::string scope;

  bool given() const { return provider != nullptr; }
};

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_TOKEN_PROVIDER_H_
