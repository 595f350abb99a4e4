// CurlTransport: HttpTransport over libcurl. HTTP/1.1 with kept connections (Debian's 7.88 has
// faults in HTTP/2), certificates always checked, no redirects, plain http to this machine only.
//
// Why a request is never silently sent twice: libcurl resends by itself in one case: a kept
// connection turns out to be dead before a byte of the response came. Its prerequest callback runs
// each time just before a request goes out, so we count there, and refuse the second time unless
// the request is `repeatable`. The same count tells "nothing was sent" (zero) from "may have
// arrived".
#ifndef SPILLWAY_NET_CURL_TRANSPORT_H_
#define SPILLWAY_NET_CURL_TRANSPORT_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "net/http_transport.h"

namespace spillway {

struct CurlOptions {
  std::string ca_file{};  // PEM; when given, only its certificates are trusted
  std::string user_agent = "spillway";
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{30'000};  // from start to the last byte of the response
  std::chrono::seconds idle_age_max{50};              // an older kept connection is not used again
  uint64_t response_bytes_max = 32 << 20;
  // For the services of the machine itself (IMDS): plain http to link-local addresses (RFC 3927)
  // too, and never through a proxy.
  bool link_local = false;
};

// Reads deadlines by `clock`, which outlives the transport. kUnsupported: libcurl cannot be loaded.
Result<std::unique_ptr<HttpTransport>> MakeCurlTransport(const CurlOptions& options, Clock& clock);

// The same as a factory; its transports share the certificates that they trust.
HttpTransportFactory CurlTransportFactory(CurlOptions options, Clock& clock);

}  // namespace spillway

#endif  // SPILLWAY_NET_CURL_TRANSPORT_H_
