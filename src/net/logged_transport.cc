#include "net/logged_transport.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/log.h"

namespace spillway {
namespace {

constexpr std::string_view kArea = "http";

// Headers that say how the service saw a request, and the words for them.
struct Told {
  std::string_view header;
  std::string_view before;
  std::string_view after;
};
constexpr Told kTold[] = {
    {"x-ms-substatus", "substatus ", ""},          {"x-ms-request-charge", "", " RU"},
    {"x-ms-request-duration-ms", "there ", " ms"}, {"x-ms-retry-after-ms", "retry after ", " ms"},
    {"retry-after", "retry after ", " s"},         {"x-ms-activity-id", "activity ", ""}};

// A query may hold a signature.
std::string_view WithoutQuery(std::string_view url) {
  return url.substr(0, url.find('?'));
}

class Logged : public HttpTransport {
 public:
  Logged(std::unique_ptr<HttpTransport> inner, const Clock& clock)
      : inner_(std::move(inner)), clock_(clock) {}

  Result<HttpResponse> Send(const HttpRequest& request, const CallContext& ctx) override {
    const SteadyTime begun = clock_.Now();
    Result<HttpResponse> response = inner_->Send(request, ctx);
    const std::chrono::duration<double, std::milli> took = clock_.Now() - begun;
    const std::string what =
        fmt::format("{} {}", HttpMethodName(request.method), WithoutQuery(request.url));
    if (response.ok()) {
      LogLine(LogLevel::kTrace, kArea, Answered(what, request, *response, took.count()));
    } else {
      LogLine(LogLevel::kDebug, kArea,
              fmt::format("{} failed after {:.1f} ms: {}: {}", what, took.count(),
                          StatusCodeName(response.status().code()), response.status().message()));
    }
    return response;
  }

 private:
  static std::string Answered(const std::string& what, const HttpRequest& request,
                              const HttpResponse& response, double took_ms) {
    std::string text = fmt::format("{} {}, {:.1f} ms, {} bytes out, {} in", what, response.status,
                                   took_ms, request.body.size(), response.body.size());
    for (const Told& told : kTold) {
      const std::string_view value = response.headers.Find(told.header);
      if (value.empty()) continue;
      fmt::format_to(std::back_inserter(text), ", {}{}{}", told.before, value, told.after);
    }
    return text;
  }

  const std::unique_ptr<HttpTransport> inner_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<HttpTransport> LoggedTransport(std::unique_ptr<HttpTransport> inner,
                                               const Clock& clock) {
  if (!LogsAt(LogLevel::kDebug)) return inner;
  return std::make_unique<Logged>(std::move(inner), clock);
}

}  // namespace spillway
