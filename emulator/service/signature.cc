#include "emulator/service/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

#include <cctype>

#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

void AppendLower(std::string_view text, std::string* out) {
  for (const char c : text) {
    out->push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
}

ServiceError Unauthorized(std::string message, int status = 401) {
  ServiceError error;
  error.status = status;
  error.message = std::move(message);
  return error;
}

// The value of `name=` in "type=master&ver=1.0&sig=…"; the signature may itself contain '='.
std::string_view Field(std::string_view token, std::string_view name) {
  size_t at = 0;
  while (at < token.size()) {
    const size_t end = std::min(token.find('&', at), token.size());
    const std::string_view field = token.substr(at, end - at);
    if (field.size() > name.size() && field.starts_with(name) && field[name.size()] == '=') {
      return field.substr(name.size() + 1);
    }
    at = end + 1;
  }
  return {};
}

bool SameSignature(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string UrlDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto is_hex = [&](size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at]));
    };
    if (text[i] == '%' && is_hex(i + 1) && is_hex(i + 2)) {
      decoded.push_back(
          static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

std::string Sign(std::string_view key, std::string_view verb, std::string_view type,
                 std::string_view link, std::string_view date) {
  std::string text;
  AppendLower(verb, &text);
  text.push_back('\n');
  AppendLower(type, &text);
  text.append("\n").append(link).append("\n");
  AppendLower(date, &text);
  text.append("\n\n");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return EncodeBase64(std::string_view(reinterpret_cast<const char*>(digest), size));
}

std::optional<WallTime> ParseRfc1123(std::string_view text) {
  tm parts{};
  const std::string terminated(text);
  const char* end = strptime(terminated.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::optional<ServiceError> CheckSignature(const Request& request, const ResourcePath& path,
                                           std::string_view key, WallTime now) {
  const std::string token = UrlDecode(request.Header("authorization"));
  if (token.empty()) {
    return Unauthorized(
        "Required Header authorization is missing. Ensure a valid Authorization "
        "token is passed.");
  }
  if (Field(token, "type") != "master" || Field(token, "ver") != "1.0") {
    return Unauthorized(
        "The input authorization token can't serve the request: only master-key "
        "tokens (type=master&ver=1.0) are accepted here.");
  }
  const std::string_view date = request.Header("x-ms-date");
  const std::optional<WallTime> time = ParseRfc1123(date);
  if (!time) return Unauthorized("The x-ms-date header is missing or not an RFC 1123 date.");
  if (*time > now + kClockSkewMax || *time < now - kClockSkewMax) {
    return Unauthorized(
        "The authorization token is not valid at the current time. Please check the "
        "clock: the token's date is '" +
            std::string(date) + "', the server's date is '" + FormatRfc1123(now) + "'.",
        403);
  }
  const std::string_view signature = Field(token, "sig");
  const auto matches = [&](std::string_view link) {
    return SameSignature(signature, Sign(key, request.method, path.signed_type, link, date));
  };
  if (matches(path.signed_link)) return std::nullopt;
  if (!path.signed_rid.empty() && matches(path.signed_rid)) return std::nullopt;
  std::string expected;
  AppendLower(request.method, &expected);
  expected += "\\n" + path.signed_type + "\\n" + path.signed_link + "\\n";
  AppendLower(date, &expected);
  return Unauthorized(
      "The input authorization token can't serve the request. Please check that the "
      "expected payload is built as per the protocol, and check the key being "
      "used. Server used the following payload to sign: '" +
      expected + "\\n\\n'");
}

}  // namespace spillway::emulator
