// A transport for tests: a function answers, and every request is kept.
#ifndef SPILLWAY_NET_FAKE_TRANSPORT_H_
#define SPILLWAY_NET_FAKE_TRANSPORT_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/http_transport.h"

namespace spillway {

// A request with a body of its own.
struct SeenRequest {
  HttpRequest http;
  std::string body;

  std::string Header(std::string_view name) const {
    for (const HttpHeader& header : http.headers) {
      if (header.name == name) return header.value;
    }
    return {};
  }
};

// Shared by the transports that it makes. Thread-safe when the answer function is.
class FakeNetwork {
 public:
  using Answer = std::function<Result<HttpResponse>(const SeenRequest&)>;
  explicit FakeNetwork(Answer answer) : answer_(std::move(answer)) {}

  HttpTransportFactory factory() {
    return [this]() -> Result<std::unique_ptr<HttpTransport>> {
      return std::unique_ptr<HttpTransport>(std::make_unique<Transport>(*this));
    };
  }
  std::vector<SeenRequest> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  class Transport : public HttpTransport {
   public:
    explicit Transport(FakeNetwork& network) : network_(network) {}
    Result<HttpResponse> Send(const HttpRequest& request, const CallContext& ctx) override {
      RETURN_IF_ERROR(ctx.CheckNotStopped());
      SeenRequest seen{request, {}};
      request.body.JoinTo(&seen.body);
      seen.http.body = {};
      {
        std::lock_guard lock(network_.mutex_);
        network_.requests_.push_back(seen);
      }
      return network_.answer_(seen);
    }

   private:
    FakeNetwork& network_;
  };

  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<SeenRequest> requests_;
};

inline HttpResponse FakeResponse(int status, std::string body,
                                 std::vector<HttpHeader> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  for (const HttpHeader& header : headers) response.headers.Add(header.name, header.value);
  return response;
}

}  // namespace spillway

#endif  // SPILLWAY_NET_FAKE_TRANSPORT_H_
