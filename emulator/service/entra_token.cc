#include "emulator/service/entra_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "emulator/json/value.h"
#include "emulator/service/signature.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr int kTokenExpired = 5006;
// What a token's "not before" may lie ahead.
constexpr std::chrono::minutes kSkewMax{5};

ServiceError Unauthorized(std::string message, int substatus = 0) {
  ServiceError error;
  error.status = 401;
  error.substatus = substatus;
  error.message = std::move(message);
  return error;
}

// "%3D" and "=" alike: clients send the header either way.
std::string TokenOf(const Request& request) {
  const std::string text = UrlDecode(request.Header("authorization"));
  const size_t at = text.find("sig=");
  return at == std::string::npos ? "" : text.substr(at + 4);
}

// RFC 4648, section 5, without padding.
std::optional<std::string> DecodeBase64Url(std::string_view text) {
  if (text.empty()) return "";
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  standard.append((4 - standard.size() % 4) % 4, '=');
  return DecodeBase64(standard);
}

bool Same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Jwt {
  std::string signed_text;  // header and payload, as they came
  Value header;
  Value payload;
  std::string signature;
};

std::optional<Jwt> ParseJwt(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto header = DecodeBase64Url(token.substr(0, first));
  const auto payload = DecodeBase64Url(token.substr(first + 1, second - first - 1));
  const auto signature = DecodeBase64Url(token.substr(second + 1));
  if (!header || !payload || !signature) return std::nullopt;
  const Result<Value> header_json = ParseJson(*header);
  const Result<Value> payload_json = ParseJson(*payload);
  if (!header_json.ok() || !payload_json.ok() || !payload_json->is_object()) return std::nullopt;
  return Jwt{std::string(token.substr(0, second)), *header_json, *payload_json, *signature};
}

bool SignatureHolds(const Jwt& jwt, std::string_view key) {
  const Value& algorithm = jwt.header["alg"];
  if (!algorithm.is_string()) return false;
  if (algorithm.string() == "none") return jwt.signature.empty();
  if (Same(jwt.signature, EncodeBase64(key))) return true;
  if (algorithm.string() != "HS256") return false;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(jwt.signed_text.data()), jwt.signed_text.size(),
       digest, &size);
  return Same(jwt.signature, std::string_view(reinterpret_cast<const char*>(digest), size));
}

std::string_view WithoutSlash(std::string_view text) {
  return text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
}

std::optional<ServiceError> CheckClaims(const Value& payload, std::string_view audience,
                                        WallTime now) {
  const Value& aud = payload["aud"];
  if (!aud.is_string() || WithoutSlash(aud.string()) != WithoutSlash(audience)) {
    return Unauthorized("The token is not for this server: its audience is not '" +
                        std::string(audience) + "'.");
  }
  const auto time = [](const Value& seconds) {
    return std::chrono::system_clock::from_time_t(static_cast<time_t>(seconds.number()));
  };
  const Value& expires = payload["exp"];
  if (!expires.is_number()) return Unauthorized("The token does not say when it expires.");
  if (time(expires) <= now) return Unauthorized("The token has expired.", kTokenExpired);
  const Value& begins = payload["nbf"];
  if (begins.is_number() && time(begins) > now + kSkewMax) {
    return Unauthorized("The token is not valid yet.");
  }
  return std::nullopt;
}

Outcome<DataActions> RoleOf(const Value& payload, const std::string& principal,
                            const EntraOptions& options) {
  const Value& roles = payload["roles"];
  if (roles.is_undefined()) {
    const auto& readers = options.readers;
    const bool reader = std::find(readers.begin(), readers.end(), principal) != readers.end();
    return reader ? DataActions::DataReader() : DataActions::DataContributor();
  }
  DataActions actions;
  if (!roles.is_array()) return Unauthorized("The token's claim 'roles' is no list.");
  for (const Value& role : roles.array()) {
    if (!role.is_string() || !actions.Add(role.string())) {
      return Unauthorized("The token names a role that this server does not know: " + ToJson(role));
    }
  }
  return actions;
}

}  // namespace

bool CarriesEntraToken(const Request& request) {
  return UrlDecode(request.Header("authorization")).starts_with("type=aad&");
}

Outcome<Grant> CheckEntraToken(const Request& request, const EntraOptions& options,
                               std::string_view key, WallTime now) {
  const std::optional<Jwt> jwt = ParseJwt(TokenOf(request));
  if (!jwt) return Unauthorized("The authorization token is not a JSON web token.");
  if (!SignatureHolds(*jwt, key)) {
    return Unauthorized("The token is neither unsigned nor signed with the account key.");
  }
  EMULATOR_CHECK(CheckClaims(jwt->payload, options.audience, now));
  Grant grant;
  const Value& principal = jwt->payload["oid"];
  if (principal.is_string()) grant.principal = principal.string();
  EMULATOR_TRY(grant.actions, RoleOf(jwt->payload, grant.principal, options));
  return grant;
}

}  // namespace spillway::emulator
