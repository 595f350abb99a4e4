#include "identity/token_reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "config/units.h"
#include "json/json_tree.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMessageBytesMax = 500;
constexpr double kLifeSecondsMax = 30 * 24 * 3600;
// Of a reply that does not say how long (`az` before 2.54): soon enough that nothing is lost.
constexpr seconds kLifeUnknown{300};
constexpr seconds kRefreshBefore{300};
constexpr size_t kSecretBytesMin = 4;

// A number, or text that is one, as some of the endpoints have it.
std::optional<double> NumberIn(const JsonNode& object, std::string_view name) {
  const JsonNode* node = object.Find(name);
  if (node == nullptr) return std::nullopt;
  if (node->kind == JsonNode::Kind::kNumber) return node->number;
  if (node->kind != JsonNode::Kind::kString) return std::nullopt;
  double number = 0;
  const char* end = node->text.data() + node->text.size();
  const auto [at, error] = std::from_chars(node->text.data(), end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

std::string TextIn(const JsonNode& object, std::string_view name) {
  const JsonNode* node = object.Find(name);
  return node != nullptr && node->kind == JsonNode::Kind::kString ? node->text : std::string();
}

double SecondsSinceEpoch(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// Seconds that the token lives after it was asked for.
std::optional<double> LifeSeconds(const JsonNode& reply, const TokenTiming& timing) {
  if (const auto life = NumberIn(reply, "expires_in")) return life;
  if (const auto end = NumberIn(reply, "expires_on"))
    return *end - SecondsSinceEpoch(timing.their_now);
  const std::string end = TextIn(reply, "expiresOn");  // of azd; az writes a local time there
  if (!end.ends_with('Z')) return static_cast<double>(kLifeUnknown.count());
  const Result<int64_t> end_ms = ParseTimestampMs(end);
  if (!end_ms.ok()) return std::nullopt;
  return static_cast<double>(*end_ms) / 1000 - SecondsSinceEpoch(timing.their_now);
}

milliseconds RefreshAfter(const JsonNode& reply, milliseconds life) {
  const milliseconds usual = std::max<milliseconds>(life - kRefreshBefore, life / 2);
  const std::optional<double> asked = NumberIn(reply, "refresh_in");
  if (!asked || !(*asked > 0) || *asked >= kLifeSecondsMax) return usual;
  return std::min(usual, milliseconds(static_cast<int64_t>(*asked * 1000)));
}

bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

Result<AccessToken> ParseTokenReply(std::string_view body, const TokenTiming& timing) {
  const Result<JsonNode> reply = ParseJsonTree(body);
  if (!reply.ok() || reply->kind != JsonNode::Kind::kObject) {
    return DataLoss("the answer is no JSON object");
  }
  AccessToken token;
  for (const char* name : {"access_token", "accessToken", "token"}) {
    if (token.text.empty()) token.text = TextIn(*reply, name);
  }
  if (token.text.empty() || !IsHeaderText(token.text)) return DataLoss("the answer has no token");
  const std::optional<double> life_seconds = LifeSeconds(*reply, timing);
  if (!life_seconds || !std::isfinite(*life_seconds)) {
    return DataLoss("the answer does not say how long its token lives");
  }
  if (*life_seconds <= 0) return DataLoss("the answer has a token that has expired");
  const milliseconds life(static_cast<int64_t>(std::min(*life_seconds, kLifeSecondsMax) * 1000));
  token.refresh_at = timing.asked_at + RefreshAfter(*reply, life);
  token.expires_at = timing.asked_at + life;
  return token;
}

ServiceRefusal ParseRefusal(std::string_view body) {
  const Result<JsonNode> reply = ParseJsonTree(body);
  if (!reply.ok() || reply->kind != JsonNode::Kind::kObject) return {{}, OneLine(body)};
  ServiceRefusal refusal{TextIn(*reply, "error"), TextIn(*reply, "error_description")};
  const JsonNode* error = reply->Find("error");
  if (error != nullptr && error->kind == JsonNode::Kind::kObject) {  // of ARM and Key Vault
    refusal = {TextIn(*error, "code"), TextIn(*error, "message")};
  }
  const JsonNode* errors = reply->Find("errors");  // of Vault
  if (errors != nullptr && !errors->elements.empty()) refusal.message = errors->elements[0].text;
  if (refusal.message.empty()) refusal.message = TextIn(*reply, "message");
  // Entra ID puts trace ids on lines of their own.
  refusal.message = OneLine(refusal.message.substr(0, refusal.message.find_first_of("\r\n")));
  refusal.code = OneLine(refusal.code);
  if (refusal.message.empty())
    refusal.message = refusal.code.empty() ? OneLine(body) : refusal.code;
  return refusal;
}

std::string OneLine(std::string_view text) {
  size_t end = std::min(text.size(), kMessageBytesMax);
  while (end > 0 && end < text.size() && (text[end] & 0xC0) == 0x80) --end;
  std::string line(text.substr(0, end));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }, ' ');
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string Redacted(std::string text, std::string_view secret) {
  if (secret.size() < kSecretBytesMin) return text;
  for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

WallTime ParseHttpDate(std::string_view text, WallTime fallback) {
  // "Sun, 06 Nov 1994 08:49:37 GMT": fixed places.
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return fallback;
  const auto number = [&](size_t at, size_t size) {
    int value = -1;
    const char* begin = text.data() + at;
    const auto [end, error] = std::from_chars(begin, begin + size, value);
    return error == std::errc() && end == begin + size ? value : -1;
  };
  const size_t month = kMonths.find(text.substr(8, 3));
  const std::array<int, 5> parts = {number(5, 2), number(12, 4), number(17, 2), number(20, 2),
                                    number(23, 2)};
  const bool bad = std::any_of(parts.begin(), parts.end(), [](int part) { return part < 0; });
  if (bad || month == std::string_view::npos || month % 3 != 0) return fallback;
  const std::chrono::year_month_day day(std::chrono::year(parts[1]),
                                        std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                        std::chrono::day(static_cast<unsigned>(parts[0])));
  if (!day.ok()) return fallback;
  return std::chrono::sys_days(day) + std::chrono::hours(parts[2]) +
         std::chrono::minutes(parts[3]) + seconds(parts[4]);
}

}  // namespace spillway
