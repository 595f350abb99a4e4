// HttpTransport: the seam to the network. One request, one response, no policy: no retry, no
// redirect, no waiting. Tests put a scripted transport behind it; curl_transport.h is the real one.
#ifndef SPILLWAY_NET_HTTP_TRANSPORT_H_
#define SPILLWAY_NET_HTTP_TRANSPORT_H_

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"

namespace spillway {

enum class HttpMethod : uint8_t { kGet, kPost, kPut, kPatch, kDelete };

// "GET", "POST" …
std::string_view HttpMethodName(HttpMethod method);

struct HttpHeader {
  std::string_view name;  // a literal: outlives the request
  std::string value;
};

// The bytes of a request's body: in one piece, or in several that are sent one after another, so
// that what lies in many places need not be gathered first. A view: the bytes, and the list of
// pieces, belong to others.
class HttpBody {
 public:
  HttpBody() = default;
  template <typename Text>
  requires std::convertible_to<const Text&, std::string_view> HttpBody(const Text& whole)
      : whole_(whole), size_(whole_.size()) {}
  explicit HttpBody(std::span<const std::string_view> pieces);

  size_t size() const { return size_; }
  // Lives no longer than this object.
  std::span<const std::string_view> pieces() const {
    return pieces_.empty() ? std::span(&whole_, 1) : pieces_;
  }
  // Replaces `text`.
  void JoinTo(std::string* text) const;

 private:
  std::string_view whole_;
  std::span<const std::string_view> pieces_;
  size_t size_ = 0;
};

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string url{};  // absolute, already percent-encoded
  std::vector<HttpHeader> headers{};
  HttpBody body{};  // borrowed until Send returns; sent with POST, PUT and PATCH
  // The request changes nothing, so the transport may send it twice when a kept connection turns
  // out to be dead. False: it is sent at most once, whatever happens.
  bool repeatable = false;
};

// The headers of a response, in one buffer. Names are compared without case.
class HttpHeaders {
 public:
  void Add(std::string_view name, std::string_view value);
  // Empty when there is none. The view lives as long as this object is not changed.
  std::string_view Find(std::string_view name) const;
  void Clear();

 private:
  struct Entry {
    uint32_t name_at = 0;
    uint32_t name_size = 0;
    uint32_t value_size = 0;  // the value follows the name
  };
  std::string text_;
  std::vector<Entry> entries_;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
};

// Used by one thread at a time; keeps its connection between requests.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Blocks until the whole response is there; any HTTP status is a response, not an error.
  // Failures:
  //   kUnavailable      nothing was sent: no such host, no connection, no TLS session
  //   kUnsure           it was sent, at least in part, and no whole answer came (time-out and stop
  //                     included): the other side may have acted on it
  //   kCancelled        a stop was requested before anything was sent
  //   kUnauthenticated  the other side's certificate is not trusted; nothing was sent
  //   kInvalidArgument  the URL cannot be used (plain http beyond this machine, say)
  virtual Result<HttpResponse> Send(const HttpRequest& request, const CallContext& ctx) = 0;
};

// Makes one transport per conversation. Thread-safe.
using HttpTransportFactory = std::function<Result<std::unique_ptr<HttpTransport>>()>;

}  // namespace spillway

#endif  // SPILLWAY_NET_HTTP_TRANSPORT_H_
