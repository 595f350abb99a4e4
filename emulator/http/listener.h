// Listener: HTTP/1.1 over TCP, with and without TLS on the same port: the first byte of a
// connection tells. Every connection is kept alive; requests on it are answered one after the
// other.
#ifndef SPILLWAY_EMULATOR_HTTP_LISTENER_H_
#define SPILLWAY_EMULATOR_HTTP_LISTENER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "emulator/http/certificate.h"
#include "emulator/service/http_message.h"

namespace spillway::emulator {

struct ListenerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one
  // Without it only plain HTTP is spoken.
  std::optional<Certificate> certificate;
  bool allow_plain = true;
  uint32_t threads = 1;
};

inline constexpr uint64_t kRequestBodyBytesMax = 8 * 1024 * 1024;
inline constexpr uint32_t kRequestHeaderBytesMax = 64 * 1024;
inline constexpr uint32_t kConnectionsMax = 10'000;

// Answers later, from any thread, exactly once. The request lives until then.
using ReplyCallback = std::function<void(Reply)>;
using RequestHandler = std::function<void(const Request&, ReplyCallback)>;

// Thread-safe.
class Listener {
 public:
  // Binds. Fails with kUnavailable when the port is taken.
  static Result<std::unique_ptr<Listener>> Open(ListenerOptions options, RequestHandler handler);
  // Closes all connections and joins the threads.
  virtual ~Listener() = default;

  virtual uint16_t port() const = 0;
  // Starts the threads; connections that came before have waited. Once.
  virtual void Serve() = 0;
  // Runs `work` on a thread of the listener after `delay`; dropped when the listener ends before.
  virtual void RunAfter(std::chrono::milliseconds delay, std::function<void()> work) = 0;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_HTTP_LISTENER_H_
