#include "destinations/cosmosdb/cosmos_auth.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <atomic>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

void AppendLowerCase(std::string_view text, std::string* out) {
  for (const char c : text) out->push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Result<std::string> DecodeKey(std::string_view base64) {
  const auto bad = [] {
    return InvalidArgument("the account key is not base64")
        .WithHint("copy the primary or secondary key of the account, without spaces");
  };
  if (base64.empty() || base64.size() % 4 != 0) return bad();
  std::string key(base64.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()), Bytes(base64),
                                   static_cast<int>(base64.size()));
  if (size < 0) return bad();
  const size_t padding = base64.ends_with("==") ? 2 : base64.ends_with("=") ? 1 : 0;
  key.resize(static_cast<size_t>(size) - padding);
  return key;
}

// Reads the key where it is kept when there is none yet, and when the service refuses it.
class MasterKeyAuthorizer : public Authorizer {
 public:
  MasterKeyAuthorizer(std::string key, SecretSource source, Clock& clock)
      : source_(std::move(source)), clock_(clock), key_(std::move(key)) {}

  Result<Authorization> Authorize(const SignedParts& parts, const CallContext& ctx) const override {
    std::string key;
    uint64_t generation = 0;
    {
      std::lock_guard lock(mutex_);
      if (key_.empty()) RETURN_IF_ERROR(ReadKey(ctx));
      key = key_;
      generation = generation_.load();
    }
    return Authorization{PercentEncode("type=master&ver=1.0&sig=" + MasterKeySignature(key, parts)),
                         generation};
  }
  bool is_repeatable() const override { return true; }
  uint64_t generation() const override { return generation_.load(); }

  Result<bool> Renew(uint64_t generation, const CallContext& ctx) const override {
    std::lock_guard lock(mutex_);
    if (generation_.load() > generation) return true;
    if (source_ == nullptr || clock_.Now() < read_not_before_) return false;
    const std::string refused = key_;
    RETURN_IF_ERROR(ReadKey(ctx));
    read_not_before_ = clock_.Now() + kRenewalPause;
    return key_ != refused;
  }

 private:
  // REQUIRES: mutex_. Held while the key is read: the others wait for it.
  Status ReadKey(const CallContext& ctx) const {
    ASSIGN_OR_RETURN(const std::string base64, source_(ctx));
    ASSIGN_OR_RETURN(std::string key, DecodeKey(base64));
    if (key == key_) return Status::Ok();
    key_ = std::move(key);
    generation_.fetch_add(1);
    return Status::Ok();
  }

  const SecretSource source_;
  Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::string key_;
  mutable SteadyTime read_not_before_;
  mutable std::atomic<uint64_t> generation_ = 0;
};

class TokenAuthorizer : public Authorizer {
 public:
  explicit TokenAuthorizer(TokenUse use) : use_(std::move(use)) {}
  Result<Authorization> Authorize(const SignedParts&, const CallContext& ctx) const override {
    ASSIGN_OR_RETURN(const GivenToken token, use_.provider->Get(use_.scope, ctx));
    return Authorization{PercentEncode("type=aad&ver=1.0&sig=" + token.text), token.generation};
  }
  bool is_repeatable() const override { return false; }
  uint64_t generation() const override { return 0; }
  Result<bool> Renew(uint64_t generation, const CallContext& ctx) const override {
    return use_.provider->Renew(use_.scope, generation, ctx);
  }

 private:
  const TokenUse use_;
};

}  // namespace

std::string MasterKeySignature(std::string_view key, const SignedParts& parts) {
  std::string text;
  AppendLowerCase(parts.verb, &text);
  text.push_back('\n');
  AppendLowerCase(parts.resource_type, &text);
  text.append("\n").append(parts.resource_link).append("\n");
  AppendLowerCase(parts.date, &text);
  text.append("\n\n");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned digest_size = 0;
  SPILLWAY_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text),
                      text.size(), digest.data(), &digest_size) != nullptr);
  std::string base64((digest_size + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), digest.data(),
                  static_cast<int>(digest_size));
  base64.pop_back();
  return base64;
}

Result<std::unique_ptr<Authorizer>> MakeAuthorizer(const CosmosOptions& options, Clock& clock) {
  if (options.token.given()) {
    return std::unique_ptr<Authorizer>(std::make_unique<TokenAuthorizer>(options.token));
  }
  std::string key;
  if (!options.key.empty()) {
    ASSIGN_OR_RETURN(key, DecodeKey(options.key));
  } else if (options.key_source == nullptr) {
    return InvalidArgument("no key and no other credential is given");
  }
  return std::unique_ptr<Authorizer>(
      std::make_unique<MasterKeyAuthorizer>(std::move(key), options.key_source, clock));
}

}  // namespace spillway::cosmosdb
