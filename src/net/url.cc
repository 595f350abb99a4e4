#include "net/url.h"

#include <algorithm>
#include <charconv>

namespace spillway {
namespace {

bool IsUnreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Status BadUrl(std::string_view text, std::string_view why) {
  return InvalidArgument("not a usable URL: '" + std::string(text) + "': " + std::string(why))
      .WithHint("write it as https://host:port/");
}

Result<uint16_t> ParsePort(std::string_view whole, std::string_view digits) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) {
    return BadUrl(whole, "the port must be a number from 1 to 65535");
  }
  return port;
}

// Splits "host", "host:1" and "[::1]:1".
Status ParseAuthority(std::string_view whole, std::string_view authority, Url* url) {
  if (authority.find('@') != std::string_view::npos) {
    return BadUrl(whole, "user information does not belong into it");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return BadUrl(whole, "'[' without ']'");
    url->host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    const size_t colon = authority.find(':');
    url->host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (url->host.empty()) return BadUrl(whole, "it has no host");
  std::transform(url->host.begin(), url->host.end(), url->host.begin(), LowerCase);
  if (port.empty()) return Status::Ok();
  if (port.front() != ':') return BadUrl(whole, "unexpected text after the host");
  ASSIGN_OR_RETURN(url->port, ParsePort(whole, port.substr(1)));
  return Status::Ok();
}

// A name such as 127.example.com is not an address.
bool IsAddress(std::string_view host) {
  const auto part_of_address = [](char c) { return c == '.' || (c >= '0' && c <= '9'); };
  return std::all_of(host.begin(), host.end(), part_of_address) &&
         std::count(host.begin(), host.end(), '.') == 3;
}

}  // namespace

std::string Url::Origin() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return scheme + "://" + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Url> ParseUrl(std::string_view text) {
  const auto printable = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(text.begin(), text.end(), printable)) {
    return BadUrl(text, "it holds a space or a character outside ASCII");
  }
  Url url;
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) return BadUrl(text, "it has no scheme");
  url.scheme = text.substr(0, colon);
  std::transform(url.scheme.begin(), url.scheme.end(), url.scheme.begin(), LowerCase);
  if (url.scheme != "http" && url.scheme != "https") {
    return BadUrl(text, "the scheme must be https (or http for this machine)");
  }
  url.port = url.scheme == "https" ? 443 : 80;
  const std::string_view rest = text.substr(colon + 3);
  const size_t path = rest.find_first_of("/?#");
  RETURN_IF_ERROR(ParseAuthority(text, rest.substr(0, path), &url));
  if (path != std::string_view::npos) url.path = rest.substr(path);
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  return url;
}

bool IsLoopbackHost(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && IsAddress(host);
}

bool IsLinkLocalHost(std::string_view host) {
  return host.starts_with("169.254.") && IsAddress(host);
}

std::string PercentEncode(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsUnreserved(byte)) {
      encoded.push_back(c);
    } else {
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return encoded;
}

}  // namespace spillway
