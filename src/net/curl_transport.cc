#include "net/curl_transport.h"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/prefetch.h"
#include "net/curl_library.h"
#include "net/logged_transport.h"
#include "net/trust_store.h"
#include "net/url.h"

namespace spillway {
namespace {

// Takes a bulk body of the usual 220 KB in one piece. Held while sending only. Measured per 100 KB
// body: 35 us of CPU from 256 KiB on, 70 us with 96 to 160 KiB (the allocator gives those back each
// time).
constexpr long kUploadBufferBytes = 256 << 10;
constexpr long kDownloadBufferBytes = 64 << 10;
// A body in pieces is joined up to here: libcurl sends it along with the head then, in one call.
constexpr size_t kJoinedBytesMax = 64 << 10;
constexpr size_t kRoomBehindBody = 64;
constexpr int kPollMsMax = 1000;

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// A body that libcurl takes piece by piece, straight into what it sends from.
struct Upload {
  std::span<const std::string_view> pieces;
  size_t piece = 0;
  size_t offset = 0;  // into the piece
};

// What the callbacks of one request share.
struct Exchange {
  Upload upload;
  HttpResponse response;
  uint32_t times_sent = 0;
  bool repeatable = false;
  bool head_complete = false;  // libcurl takes a head that was cut off for a whole one
  bool refused_resend = false;
  bool too_long = false;
  uint64_t response_bytes_max = 0;
};

// The lines of a request's head as libcurl wants them: a linked list, but in memory that is kept.
class HeaderLines {
 public:
  void Clear() {
    text_.clear();
    begins_.clear();
  }
  void Add(std::string_view name, std::string_view value) {
    begins_.push_back(text_.size());
    text_.append(name).append(": ").append(value).push_back('\0');
  }
  // The line keeps libcurl from sending a header of its own accord.
  void AddWithout(std::string_view name) {
    begins_.push_back(text_.size());
    text_.append(name).append(":").push_back('\0');
  }
  // Lives until the next Clear. REQUIRES: there is a line.
  curl_slist* Link() {
    lines_.resize(begins_.size());
    for (size_t i = 0; i < lines_.size(); ++i) {
      lines_[i].data = text_.data() + begins_[i];
      lines_[i].next = i + 1 < lines_.size() ? &lines_[i + 1] : nullptr;
    }
    return lines_.data();
  }

 private:
  std::string text_;
  std::vector<size_t> begins_;
  std::vector<curl_slist> lines_;
};

int BeforeSending(void* data, char*, char*, int, int) {
  auto& exchange = *static_cast<Exchange*>(data);
  if (exchange.times_sent > 0 && !exchange.repeatable) {
    exchange.refused_resend = true;
    return CURL_PREREQFUNC_ABORT;
  }
  ++exchange.times_sent;
  return CURL_PREREQFUNC_OK;
}

// Asks for a piece that is copied soon: pieces lie anywhere, so that the hardware cannot guess.
void PrefetchAhead(const Upload& upload) {
  constexpr size_t kPiecesAhead = 4;
  constexpr size_t kBytesMax = 2048;
  const size_t ahead = upload.piece + kPiecesAhead;
  if (ahead >= upload.pieces.size()) return;
  const std::string_view piece = upload.pieces[ahead];
  const size_t bytes = std::min(piece.size(), kBytesMax);
  for (size_t at = 0; at < bytes; at += kCacheLineBytes) Prefetch(piece.data() + at);
}

size_t OnUpload(char* out, size_t, size_t room, void* data) {
  Upload& upload = static_cast<Exchange*>(data)->upload;
  size_t copied = 0;
  while (upload.piece < upload.pieces.size() && copied < room) {
    PrefetchAhead(upload);
    const std::string_view rest = upload.pieces[upload.piece].substr(upload.offset);
    const size_t bytes = std::min(rest.size(), room - copied);
    std::copy_n(rest.data(), bytes, out + copied);
    copied += bytes;
    upload.offset += bytes;
    if (bytes < rest.size()) break;
    ++upload.piece;
    upload.offset = 0;
  }
  return copied;
}

// libcurl starts a request again on a new connection when a kept one turns out to be dead.
int OnRewind(void* data, curl_off_t offset, int origin) {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  Upload& upload = static_cast<Exchange*>(data)->upload;
  upload.piece = 0;
  upload.offset = 0;
  return CURL_SEEKFUNC_OK;
}

size_t OnHeader(char* bytes, size_t, size_t size, void* data) {
  auto& exchange = *static_cast<Exchange*>(data);
  const std::string_view line(bytes, size);
  if (line.starts_with("HTTP/")) {
    exchange.response.headers.Clear();  // the head of another response: 100 Continue came before
    exchange.head_complete = false;
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    exchange.response.headers.Add(line.substr(0, colon), Trim(line.substr(colon + 1)));
  } else {
    exchange.head_complete = Trim(line).empty();
  }
  return size;
}

// As far as the server says, and is to be believed: memory that is not written to costs nothing.
size_t AnnouncedBytes(const Exchange& exchange) {
  const std::string_view text = exchange.response.headers.Find("content-length");
  uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return std::min(bytes, exchange.response_bytes_max);
}

size_t OnBody(char* bytes, size_t, size_t size, void* data) {
  auto& exchange = *static_cast<Exchange*>(data);
  if (exchange.response.body.size() + size > exchange.response_bytes_max) {
    exchange.too_long = true;
    return 0;  // libcurl ends the transfer with CURLE_WRITE_ERROR
  }
  // The answer is its reader's from then on, who needs room behind the text.
  if (exchange.response.body.empty()) {
    exchange.response.body.reserve(std::max(size, AnnouncedBytes(exchange)) + kRoomBehindBody);
  }
  exchange.response.body.append(bytes, size);
  return size;
}

bool IsCertificateError(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_INVALIDCERTSTATUS;
}

std::string HintForCertificate(long verdict) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "whoever runs the server renews its certificate; check this machine's clock as well";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "it is signed by nobody but itself: if it is the server that you mean (the local one, "
             "say), give its certificate file as ca_file";
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:  // libcurl's, when it looked at the name first
      return "the certificate is for another host: check the name in the endpoint";
    default:
      return "its authority is not known here: give the authority's certificate file as ca_file, "
             "or "
             "add it to this machine's CA certificates";
  }
}

// As OpenSSL words it on our side, and as an alert of the other.
bool IsOldProtocol(std::string_view what) {
  return what.find("unsupported protocol") != std::string_view::npos ||
         what.find("alert protocol version") != std::string_view::npos;
}

class CurlTransport : public HttpTransport {
 public:
  CurlTransport(const CurlLibrary& library, std::shared_ptr<TrustStore> trust, CurlOptions options,
                Clock& clock)
      : curl_(library), trust_(std::move(trust)), options_(std::move(options)), clock_(clock) {}

  ~CurlTransport() override {
    if (easy_ != nullptr) curl_.easy_cleanup(easy_);
    if (multi_ != nullptr) curl_.multi_cleanup(multi_);
  }

  Status Open() {
    easy_ = curl_.easy_init();
    multi_ = curl_.multi_init();
    if (easy_ == nullptr || multi_ == nullptr) return Internal("the HTTP library is out of memory");
    SetFixedOptions();
    return Status::Ok();
  }

  Result<HttpResponse> Send(const HttpRequest& request, const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    RETURN_IF_ERROR(PointAt(request.url));
    ASSIGN_OR_RETURN(const std::chrono::milliseconds timeout, TimeoutFor(ctx));
    Exchange exchange;
    exchange.repeatable = request.repeatable;
    exchange.response_bytes_max = options_.response_bytes_max;
    SetRequest(request, timeout, &exchange);
    const std::optional<CURLcode> code = Perform(ctx.stop);
    if (!code.has_value()) return Stopped(exchange);
    if (*code != CURLE_OK) return Failure(*code, exchange);
    if (!exchange.head_complete) return Unsure(checked_origin_ + ": the answer was cut off");
    long status = 0;
    curl_.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    exchange.response.status = static_cast<int>(status);
    return std::move(exchange.response);
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    const CURLcode code = curl_.easy_setopt(easy_, option, value);
    SPILLWAY_CHECK(code == CURLE_OK);
  }

  void SetFixedOptions() {
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_FOLLOWLOCATION, 0L);
    Set(CURLOPT_SSL_VERIFYPEER, 1L);
    Set(CURLOPT_SSL_VERIFYHOST, 2L);
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    Set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    Set(CURLOPT_TCP_KEEPALIVE, 1L);
    Set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    Set(CURLOPT_MAXAGE_CONN, static_cast<long>(options_.idle_age_max.count()));
    Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    Set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
    Set(CURLOPT_BUFFERSIZE, kDownloadBufferBytes);
    Set(CURLOPT_ERRORBUFFER, error_text_);
    Set(CURLOPT_PREREQFUNCTION, &BeforeSending);
    Set(CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(CURLOPT_WRITEFUNCTION, &OnBody);
    Set(CURLOPT_READFUNCTION, &OnUpload);
    Set(CURLOPT_SEEKFUNCTION, &OnRewind);
    SetTrust();
  }

  void SetTrust() {
    const bool shared = curl_.set_trust_store != nullptr;
    if (shared) {
      Set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
      Set(CURLOPT_SSL_CTX_FUNCTION, &OnTls);
      Set(CURLOPT_SSL_CTX_DATA, this);
    } else if (!options_.ca_file.empty()) {
      Set(CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    if (shared || !options_.ca_file.empty()) {
      Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
  }

  static CURLcode OnTls(CURL*, void* tls, void* transport) {
    auto& self = *static_cast<CurlTransport*>(transport);
    const Result<X509_STORE*> store = self.trust_->Get();
    self.trust_status_ = store.status();
    if (!store.ok()) return CURLE_SSL_CACERT_BADFILE;
    self.curl_.set_trust_store(static_cast<SSL_CTX*>(tls), *store);
    return CURLE_OK;
  }

  // Checks a host once, not once per request.
  Status PointAt(const std::string& url) {
    const size_t host_end = url.find('/', url.find("://") + 3);
    const std::string_view origin = std::string_view(url).substr(0, host_end);
    if (origin == checked_origin_) return Status::Ok();
    ASSIGN_OR_RETURN(const Url parsed, ParseUrl(url));
    const bool loopback =
        IsLoopbackHost(parsed.host) || (options_.link_local && IsLinkLocalHost(parsed.host));
    if (parsed.scheme == "http" && !loopback) {
      return InvalidArgument("plain http to " + parsed.host +
                             " is refused: keys and data would be readable")
          .WithHint("use https; plain http is for this machine only");
    }
    const bool direct = loopback || options_.link_local;
    Set(CURLOPT_NOPROXY, direct ? "*" : static_cast<const char*>(nullptr));
    checked_origin_ = origin;
    return Status::Ok();
  }

  Result<std::chrono::milliseconds> TimeoutFor(const CallContext& ctx) const {
    if (ctx.deadline == SteadyTime::max()) return options_.request_timeout;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(ctx.deadline - clock_.Now());
    if (left.count() <= 0) return Unavailable("the time for this call was over before it was sent");
    return std::min(left, options_.request_timeout);
  }

  void SetRequest(const HttpRequest& request, std::chrono::milliseconds timeout,
                  Exchange* exchange) {
    headers_.Clear();
    for (const HttpHeader& header : request.headers) headers_.Add(header.name, header.value);
    headers_.AddWithout("Expect");  // no extra round trip before a large body
    Set(CURLOPT_URL, request.url.c_str());
    Set(CURLOPT_HTTPHEADER, headers_.Link());
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    const bool has_body =
        request.method != HttpMethod::kGet && request.method != HttpMethod::kDelete;
    if (has_body) {
      Set(CURLOPT_POST, 1L);
      SetBody(request.body, exchange);
    } else {
      Set(CURLOPT_HTTPGET, 1L);
    }
    Set(CURLOPT_CUSTOMREQUEST, HttpMethodName(request.method).data());
    Set(CURLOPT_PREREQDATA, exchange);
    Set(CURLOPT_HEADERDATA, exchange);
    Set(CURLOPT_WRITEDATA, exchange);
    error_text_[0] = '\0';
    trust_status_ = Status::Ok();
  }

  void SetBody(const HttpBody& body, Exchange* exchange) {
    const std::span<const std::string_view> pieces = body.pieces();
    const char* whole = nullptr;
    if (pieces.size() == 1) {
      whole = pieces.front().data() == nullptr ? "" : pieces.front().data();
    } else if (body.size() <= kJoinedBytesMax) {
      body.JoinTo(&joined_);
      whole = joined_.data();
    } else {
      exchange->upload.pieces = pieces;
    }
    Set(CURLOPT_POSTFIELDS, whole);
    Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    Set(CURLOPT_READDATA, exchange);
    Set(CURLOPT_SEEKDATA, exchange);
  }

  // Runs the transfer; nullopt when it was ended by a stop. The poll is woken at once by a stop.
  std::optional<CURLcode> Perform(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { curl_.multi_wakeup(multi_); });
    SPILLWAY_CHECK(curl_.multi_add_handle(multi_, easy_) == CURLM_OK);
    std::optional<CURLcode> result;
    int running = 1;
    while (!stop.stop_requested()) {
      CURLMcode code = curl_.multi_perform(multi_, &running);
      if (code == CURLM_OK && running > 0) {
        code = curl_.multi_poll(multi_, nullptr, 0, kPollMsMax, nullptr);
      }
      if (code != CURLM_OK) {
        result = CURLE_OUT_OF_MEMORY;  // the one way in which these calls fail on a sound handle
        break;
      }
      if (running == 0) break;
    }
    int left = 0;
    while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) result = message->data.result;
    }
    curl_.multi_remove_handle(multi_, easy_);  // closes the connection of an unfinished transfer
    return result;
  }

  static Status Stopped(const Exchange& exchange) {
    if (exchange.times_sent == 0) return Cancelled("stopped on request");
    return Unsure("stopped on request before the answer came");
  }

  Status Failure(CURLcode code, const Exchange& exchange) const {
    std::string what = error_text_[0] != '\0' ? error_text_ : curl_.easy_strerror(code);
    what = checked_origin_ + ": " + what;
    if (exchange.too_long) {
      return Unsure(checked_origin_ + ": the answer is longer than " +
                    std::to_string(exchange.response_bytes_max) + " bytes");
    }
    if (exchange.refused_resend) {
      return Unsure(checked_origin_ + ": the connection was closed before the answer came");
    }
    if (exchange.times_sent > 0) return Unsure(std::move(what));
    if (!trust_status_.ok()) return trust_status_;
    if (IsCertificateError(code)) {
      long verdict = X509_V_OK;
      curl_.easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &verdict);
      return Unauthenticated("the server's certificate is not trusted: " + what)
          .WithHint(HintForCertificate(verdict));
    }
    if (code == CURLE_SSL_CONNECT_ERROR && IsOldProtocol(what)) {
      return Unauthenticated("the server offers no TLS 1.2 or later: " + what)
          .WithHint("older versions are not spoken: whoever runs the server switches TLS 1.2 on");
    }
    if (code == CURLE_SSL_CONNECT_ERROR) {
      return Unavailable("no TLS session: " + what)
          .WithHint("does the server speak https on this port?");
    }
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
      return Unavailable(std::move(what))
          .WithHint("is the endpoint right, and can this machine reach it? Then run again");
    }
    return Unavailable(std::move(what));
  }

  const CurlLibrary& curl_;
  const std::shared_ptr<TrustStore> trust_;
  const CurlOptions options_;
  Clock& clock_;
  CURL* easy_ = nullptr;
  CURLM* multi_ = nullptr;
  std::string checked_origin_;
  HeaderLines headers_;
  std::string joined_;  // kept for its capacity
  Status trust_status_;
  char error_text_[CURL_ERROR_SIZE] = "";
};

std::shared_ptr<TrustStore> MakeTrustStore(const CurlLibrary& library, const CurlOptions& options) {
  if (!options.ca_file.empty()) return std::make_shared<TrustStore>(options.ca_file, "");
  return std::make_shared<TrustStore>(library.trusted_file, library.trusted_folder);
}

Result<std::unique_ptr<HttpTransport>> Make(const CurlLibrary& library,
                                            std::shared_ptr<TrustStore> trust,
                                            const CurlOptions& options, Clock& clock) {
  auto transport = std::make_unique<CurlTransport>(library, std::move(trust), options, clock);
  RETURN_IF_ERROR(transport->Open());
  return LoggedTransport(std::move(transport), clock);
}

}  // namespace

Result<std::unique_ptr<HttpTransport>> MakeCurlTransport(const CurlOptions& options, Clock& clock) {
  ASSIGN_OR_RETURN(const CurlLibrary* library, LoadCurl());
  return Make(*library, MakeTrustStore(*library, options), options, clock);
}

HttpTransportFactory CurlTransportFactory(CurlOptions options, Clock& clock) {
  // Made by the first transport, since only that needs libcurl.
  struct Shared {
    std::once_flag once;
    std::shared_ptr<TrustStore> trust;
  };
  return [options = std::move(options), shared = std::make_shared<Shared>(),
          &clock]() -> Result<std::unique_ptr<HttpTransport>> {
    ASSIGN_OR_RETURN(const CurlLibrary* library, LoadCurl());
    std::call_once(shared->once, [&] { shared->trust = MakeTrustStore(*library, options); });
    return Make(*library, shared->trust, options, clock);
  };
}

}  // namespace spillway
