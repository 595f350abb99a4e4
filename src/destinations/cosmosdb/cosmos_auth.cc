#include "destinations/cosmosdb/cosmos_auth.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
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

class MasterKeyAuthorizer : public Authorizer {
 public:
  explicit MasterKeyAuthorizer(std::string key) : key_(std::move(key)) {}
  Result<std::string> Authorize(const SignedParts& parts, const CallContext&) const override {
    return PercentEncode("type=master&ver=1.0&sig=" + MasterKeySignature(key_, parts));
  }
  bool is_repeatable() const override { return true; }

 private:
  const std::string key_;
};

class TokenAuthorizer : public Authorizer {
 public:
  using TokenSource = std::function<Result<std::string>(const CallContext&)>;
  explicit TokenAuthorizer(TokenSource token) : token_(std::move(token)) {}
  Result<std::string> Authorize(const SignedParts&, const CallContext& ctx) const override {
    ASSIGN_OR_RETURN(const std::string token, token_(ctx));
    return PercentEncode("type=aad&ver=1.0&sig=" + token);
  }
  bool is_repeatable() const override { return false; }

 private:
  const TokenSource token_;
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

Result<std::unique_ptr<Authorizer>> MakeAuthorizer(const CosmosOptions& options) {
  if (options.key.empty()) {
    if (!options.access_token) return InvalidArgument("no key and no other credential is given");
    return std::unique_ptr<Authorizer>(std::make_unique<TokenAuthorizer>(options.access_token));
  }
  ASSIGN_OR_RETURN(std::string key, DecodeKey(options.key));
  return std::unique_ptr<Authorizer>(std::make_unique<MasterKeyAuthorizer>(std::move(key)));
}

}  // namespace spillway::cosmosdb
