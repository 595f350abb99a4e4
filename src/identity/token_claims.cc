#include "identity/token_claims.h"

#include <openssl/evp.h>

#include <algorithm>

#include "identity/token_reply.h"
#include "json/json_tree.h"

namespace spillway {
namespace {

// Empty when it is not base64url (RFC 4648, section 5).
std::string DecodeBase64Url(std::string_view text) {
  std::string base64(text);
  std::replace(base64.begin(), base64.end(), '-', '+');
  std::replace(base64.begin(), base64.end(), '_', '/');
  const size_t padding = (4 - base64.size() % 4) % 4;
  base64.append(padding, '=');
  std::string bytes(base64.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(base64.data()),
                                   static_cast<int>(base64.size()));
  if (size < 0 || padding > 2) return {};
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

std::string TextIn(const JsonNode& claims, std::string_view name) {
  const JsonNode* claim = claims.Find(name);
  if (claim == nullptr || claim->kind != JsonNode::Kind::kString) return {};
  return OneLine(claim->text);
}

}  // namespace

TokenClaims ReadTokenClaims(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return {};
  const auto claims = ParseJsonTree(DecodeBase64Url(token.substr(first + 1, second - first - 1)));
  if (!claims.ok()) return {};
  return {TextIn(*claims, "aud"), TextIn(*claims, "oid")};
}

}  // namespace spillway
