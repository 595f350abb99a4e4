// The one file that meets Boost (its exceptions and its compile time stop here).
#include "emulator/http/listener.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "emulator/http/http2_preface.h"
#include "emulator/http/reply_text.h"
#include "emulator/json/document_scan.h"

namespace spillway::emulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;
using boost::system::error_code;

// Bytes asked from the socket at once: a whole bulk request in one system call.
constexpr size_t kReadBytes = 256 * 1024;
constexpr std::chrono::milliseconds kDripInterval{50};
// After a reply that ends a connection, what still comes is read and dropped for so long: a close
// with unread bytes would reset the connection, and the reply could be lost with it.
constexpr std::chrono::seconds kLingerMax{2};

// How long a handshake, the rest of a request's body, and an HTTP/2 client's first request may
// take.
constexpr std::chrono::seconds kHandshakeMax{30};
constexpr std::chrono::seconds kBodyMax{120};
constexpr std::chrono::seconds kHttp2RequestMax{10};
// Before a new attempt to accept, when the process has too many files open.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::string_view View(beast::string_view text) {
  return {text.data(), text.size()};
}

struct Shared {
  RequestHandler handler;
  std::optional<asio::ssl::context> tls;
  bool allow_plain = true;
  std::atomic<uint32_t> connections{0};
};

// One of the kConnectionsMax, for as long as it lives.
struct Leave {
  void operator()(std::atomic<uint32_t>* connections) const { --*connections; }
};
using Place = std::unique_ptr<std::atomic<uint32_t>, Leave>;

// One connection after its first byte. `Stream` is beast::tcp_stream or one with TLS on top.
template <typename Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(Stream stream, Shared* shared, Place place)
      : stream_(std::move(stream)), shared_(shared), place_(std::move(place)) {
    buffer_.reserve(kReadBytes);
  }

  void Start() {
    if constexpr (kSecure) {
      tcp_stream().expires_after(kHandshakeMax);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code error) {
                                if (error) return;
                                self->tcp_stream().expires_never();
                                self->ReadHeader();
                              });
    } else {
      ReadHeader();
    }
  }

 private:
  static constexpr bool kSecure = !std::is_same_v<Stream, beast::tcp_stream>;
  using Parser = http::request_parser<http::string_body>;

  beast::tcp_stream& tcp_stream() { return beast::get_lowest_layer(stream_); }

  void ReadHeader() {
    parser_.emplace();
    parser_->body_limit(kRequestBodyBytesMax);
    parser_->header_limit(kRequestHeaderBytesMax);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](error_code error, size_t) {
                              if (error) return self->ReadFailed(error);
                              self->ReadBody();
                            });
  }

  void ReadBody() {
    // Room for the padding that the JSON parser needs, without a second allocation.
    if (const auto length = parser_->content_length(); length && *length <= kRequestBodyBytesMax) {
      parser_->get().body().reserve(*length + kJsonPaddingBytes);
    }
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      static const std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(stream_, asio::buffer(kContinue),
                        [self = this->shared_from_this()](error_code error, size_t) {
                          if (!error) self->ReadRest();
                        });
      return;
    }
    ReadRest();
  }

  void ReadRest() {
    // Requests that came whole, nearly all, are spared the timer.
    const bool waits = !parser_->is_done() &&
                       parser_->content_length_remaining().value_or(SIZE_MAX) > buffer_.size();
    if (waits) tcp_stream().expires_after(kBodyMax);
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this(), waits](error_code error, size_t) {
                       if (error) return self->ReadFailed(error);
                       if (waits) self->tcp_stream().expires_never();
                       self->HandleRequest();
                     });
  }

  // What can still be answered is; the connection closes either way.
  void ReadFailed(error_code error) {
    if (error == http::error::end_of_stream) return Close();
    if (View(Received()).starts_with(kHttp2PrefaceLine)) return GreetHttp2();
    int status = 0;
    if (error == http::error::body_limit) status = 413;
    if (error == http::error::header_limit) status = 431;
    if (error.category() == make_error_code(http::error::bad_target).category() && status == 0 &&
        error != http::error::partial_message) {
      status = 400;
    }
    if (status == 0) return Close();
    keep_alive_ = false;
    ServiceError failure;
    failure.status = status;
    failure.message = "The request is not valid HTTP/1.1: " + error.message();
    Send(Reply(std::move(failure)));
  }

  void HandleRequest() {
    auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    request_ = Request{};
    request_.method = View(message.method_string());
    request_.target = View(message.target());
    request_.secure = kSecure;
    for (const auto& field : message) {
      request_.headers.emplace_back(View(field.name_string()), View(field.value()));
    }
    std::string& body = message.body();
    const size_t size = body.size();
    body.append(kJsonPaddingBytes, '\0');
    request_.body = std::string_view(body).substr(0, size);
    shared_->handler(request_, [self = this->shared_from_this()](Reply reply) {
      asio::post(self->stream_.get_executor(),
                 [self, moved = std::move(reply)]() mutable { self->Send(std::move(moved)); });
    });
  }

  void Send(Reply reply) {
    if (reply.delivery == Delivery::kReset) return Reset();
    if (!HeadersFit(reply)) return Send(HeaderTooLarge());
    const auto reason = http::obsolete_reason(static_cast<http::status>(reply.status));
    WriteHead(reply, View(reason), keep_alive_, &text_);
    if (HasBody(reply)) text_ += reply.body;
    if (reply.delivery == Delivery::kTruncate) return SendTruncated(reply.body.size() / 2 + 1);
    if (reply.drip_bytes_per_second > 0) return SendDripping(reply.drip_bytes_per_second);
    // Head and body in one buffer: of two, Beast's TLS stream (1.81) left the second unsent.
    asio::async_write(stream_, asio::buffer(text_),
                      [self = this->shared_from_this()](error_code error, size_t) {
                        if (error) return;
                        if (!self->keep_alive_) return self->Close();
                        self->ReadHeader();
                      });
  }

  static Reply HeaderTooLarge() {
    ServiceError error;
    error.status = 500;
    error.message = "A header of the reply would be larger than 64 KB.";
    return error;
  }

  // The headers and half of the body, then the end.
  void SendTruncated(size_t missing) {
    text_.resize(text_.size() - missing);
    asio::async_write(stream_, asio::buffer(text_),
                      [self = this->shared_from_this()](error_code, size_t) { self->Reset(); });
  }

  // A slow link: a little at a time.
  void SendDripping(uint32_t bytes_per_second) {
    Drip(0, std::max<size_t>(1, bytes_per_second * kDripInterval.count() / 1000));
  }

  void Drip(size_t sent, size_t step) {
    if (sent >= text_.size()) return keep_alive_ ? ReadHeader() : Close();
    const size_t size = std::min(step, text_.size() - sent);
    asio::async_write(
        stream_, asio::buffer(text_.data() + sent, size),
        [self = this->shared_from_this(), next = sent + size, step](error_code error, size_t) {
          if (error) return;
          self->timer_.emplace(self->stream_.get_executor(), kDripInterval);
          self->timer_->async_wait([self, next, step](error_code stopped) {
            if (!stopped) self->Drip(next, step);
          });
        });
  }

  void Reset() {
    error_code ignored;
    auto& socket = tcp_stream().socket();
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  }

  beast::string_view Received() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }

  void GreetHttp2() {
    tcp_stream().expires_after(kHttp2RequestMax);
    asio::async_write(stream_, asio::buffer(kHttp2Settings),
                      [self = this->shared_from_this()](error_code error, size_t) {
                        if (!error) self->AwaitHttp2Request();
                      });
  }

  void AwaitHttp2Request() {
    if (HoldsHttp2Request(View(Received())) || buffer_.size() >= kRequestHeaderBytesMax) {
      return RequireHttp11();
    }
    stream_.async_read_some(buffer_.prepare(kReadBytes),
                            [self = this->shared_from_this()](error_code error, size_t size) {
                              if (error) return;
                              self->buffer_.commit(size);
                              self->AwaitHttp2Request();
                            });
  }

  void RequireHttp11() {
    asio::async_write(stream_, asio::buffer(kHttp2GoAway),
                      [self = this->shared_from_this()](error_code error, size_t) {
                        if (!error) self->Close();
                      });
  }

  void Close() {
    tcp_stream().expires_after(kLingerMax);
    if constexpr (kSecure) {
      // Some clients take a connection that ends without TLS's own farewell for cut off.
      stream_.async_shutdown([self = this->shared_from_this()](error_code) { self->CloseTcp(); });
    } else {
      CloseTcp();
    }
  }

  void CloseTcp() {
    error_code ignored;
    tcp_stream().socket().shutdown(tcp::socket::shutdown_send, ignored);
    Linger();
  }

  void Linger() {
    buffer_.clear();
    tcp_stream().async_read_some(buffer_.prepare(kReadBytes),
                                 [self = this->shared_from_this()](error_code error, size_t) {
                                   if (!error) self->Linger();
                                 });
  }

  Stream stream_;
  beast::flat_buffer buffer_;
  Shared* const shared_;
  const Place place_;
  std::optional<Parser> parser_;
  Request request_;
  std::string text_;  // of the reply
  std::optional<asio::steady_timer> timer_;
  bool keep_alive_ = true;
};

// A connection until its first byte is there, which is looked at and left in the socket.
class Detector : public std::enable_shared_from_this<Detector> {
 public:
  Detector(tcp::socket socket, Shared* shared)
      : socket_(std::move(socket)), shared_(shared), place_(&shared->connections) {
    ++shared->connections;
  }

  void Start() {
    if (!shared_->tls) return StartPlain();
    Wait();
  }

 private:
  static constexpr unsigned char kTlsHandshake = 0x16;

  void Wait() {
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
      if (!error) self->Detect();
    });
  }

  void Detect() {
    unsigned char first = 0;
    const ssize_t count = recv(socket_.native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    // Sockets are at times said to be readable before they are.
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Wait();
    if (count != 1) return;
    if (first == kTlsHandshake) return StartSecure();
    if (shared_->allow_plain) StartPlain();
  }

  void StartPlain() {
    std::make_shared<Session<beast::tcp_stream>>(beast::tcp_stream(std::move(socket_)), shared_,
                                                 std::move(place_))
        ->Start();
  }

  void StartSecure() {
    using Secure = beast::ssl_stream<beast::tcp_stream>;
    std::make_shared<Session<Secure>>(Secure(beast::tcp_stream(std::move(socket_)), *shared_->tls),
                                      shared_, std::move(place_))
        ->Start();
  }

  tcp::socket socket_;
  Shared* const shared_;
  Place place_;
};

class BeastListener : public Listener {
 public:
  BeastListener(const ListenerOptions& options, RequestHandler handler)
      : context_(static_cast<int>(options.threads)) {
    shared_.handler = std::move(handler);
    shared_.allow_plain = options.allow_plain;
  }

  ~BeastListener() override {
    context_.stop();
    threads_.clear();
  }

  Status Open(const ListenerOptions& options) {
    if (options.certificate) RETURN_IF_ERROR(UseCertificate(*options.certificate));
    error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) return InvalidArgument("'" + options.address + "' is not an IP address");
    if (const Status first = Listen({address, options.port}); !first.ok()) {
      return Unavailable(std::string(first.message()))
          .WithHint("give another --port; 0 takes a free one");
    }
    port_ = acceptors_.front().local_endpoint().port();
    // `localhost` is both. Machines without IPv6 do without; a port of its own choice may be taken
    // there, one that was asked for may not.
    if (address == asio::ip::address_v4::loopback()) {
      const Status both = Listen({asio::ip::address_v6::loopback(), port_});
      if (!both.ok() && options.port != 0 && both.code() == StatusCode::kConflict) {
        return Unavailable(std::string(both.message()));
      }
    }
    thread_count_ = options.threads;
    for (tcp::acceptor& acceptor : acceptors_) Accept(&acceptor);
    return Status::Ok();
  }

  void Serve() override {
    for (uint32_t i = 0; i < thread_count_; ++i) {
      threads_.emplace_back([this] { context_.run(); });
    }
  }

  uint16_t port() const override { return port_; }

  void RunAfter(std::chrono::milliseconds delay, std::function<void()> work) override {
    auto timer = std::make_shared<asio::steady_timer>(context_, delay);
    timer->async_wait([timer, run = std::move(work)](error_code error) {
      if (!error) run();
    });
  }

 private:
  Status UseCertificate(const Certificate& certificate) {
    shared_.tls.emplace(asio::ssl::context::tls_server);
    error_code error;
    shared_.tls->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
    if (!error) {
      shared_.tls->use_certificate_chain(asio::buffer(certificate.certificate_pem), error);
    }
    if (!error) {
      shared_.tls->use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem,
                                   error);
    }
    if (error) return InvalidArgument("the server's certificate is not usable: " + error.message());
    SSL_CTX_set_alpn_select_cb(shared_.tls->native_handle(), &SelectProtocol, nullptr);
    return Status::Ok();
  }

  // Clients that offer HTTP/2 are told HTTP/1.1.
  static int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                            const unsigned char* in, unsigned int in_size, void*) {
    static const unsigned char kHttp11[] = "\x08http/1.1";
    unsigned char* selected = nullptr;
    const int result =
        SSL_select_next_proto(&selected, out_size, kHttp11, sizeof(kHttp11) - 1, in, in_size);
    *out = selected;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }

  // Fails with kConflict when another program listens there, kUnavailable for all else.
  Status Listen(const tcp::endpoint& endpoint) {
    error_code error;
    tcp::acceptor acceptor(context_);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) {
      acceptors_.push_back(std::move(acceptor));
      return Status::Ok();
    }
    const std::string failure = "cannot listen on " + endpoint.address().to_string() + ":" +
                                std::to_string(endpoint.port()) + ": " + error.message();
    return error == asio::error::address_in_use ? Conflict(failure) : Unavailable(failure);
  }

  void Accept(tcp::acceptor* acceptor) {
    acceptor->async_accept([this, acceptor](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error == asio::error::no_descriptors) {
        return RunAfter(kAcceptPause, [this, acceptor] { Accept(acceptor); });
      }
      if (!error && shared_.connections < kConnectionsMax) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        std::make_shared<Detector>(std::move(socket), &shared_)->Start();
      }
      Accept(acceptor);
    });
  }

  Shared shared_;
  asio::io_context context_;
  std::deque<tcp::acceptor> acceptors_;
  uint16_t port_ = 0;
  uint32_t thread_count_ = 1;
  std::vector<std::jthread> threads_;
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Open(ListenerOptions options, RequestHandler handler) {
  auto listener = std::make_unique<BeastListener>(options, std::move(handler));
  RETURN_IF_ERROR(listener->Open(options));
  return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace spillway::emulator
