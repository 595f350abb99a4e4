// Url: the few parts of an absolute http(s) URL that a client needs, and percent-encoding (RFC
// 3986).
#ifndef SPILLWAY_NET_URL_H_
#define SPILLWAY_NET_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spillway {

struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower-case; an IPv6 address without its brackets
  uint16_t port = 0;   // always set: 80 and 443 when the text has none
  std::string path;    // from the first slash on, query included; "/" when the text has none

  // "https://host:443", with brackets around an IPv6 address: what a request's target is joined to.
  std::string Origin() const;
};

// kInvalidArgument: another scheme, no host, a port out of range, user information in front of the
// host, or control characters and spaces anywhere.
Result<Url> ParseUrl(std::string_view text);

// True for names and addresses that never leave this machine: localhost, 127.0.0.0/8, ::1.
bool IsLoopbackHost(std::string_view host);

// True for IPv4 addresses that stay on this machine's own link: 169.254.0.0/16 (RFC 3927).
bool IsLinkLocalHost(std::string_view host);

// Escapes every byte but the unreserved ones (letters, digits, `-._~`): safe inside one path
// segment.
std::string PercentEncode(std::string_view bytes);

}  // namespace spillway

#endif  // SPILLWAY_NET_URL_H_
