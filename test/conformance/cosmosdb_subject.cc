#include "conformance/cosmosdb_subject.h"

#include <atomic>
#include <string>
#include <utility>

#include "base/clock.h"
#include "conformance/local_server.h"
#include "destinations/cosmosdb/cosmos_destination.h"
#include "net/curl_transport.h"

namespace spillway {
namespace {

// Shared by the subject and the transports of its destination.
struct Faults {
  std::atomic<bool> throttled{false};
  std::atomic<bool> lose_answer{false};
};

bool IsWrite(const HttpRequest& request) {
  return request.method != HttpMethod::kGet && !request.repeatable &&
         request.url.find("/docs") != std::string::npos;
}

// The real transport, with faults where the service or the network would have them.
class FaultyTransport final : public HttpTransport {
 public:
  FaultyTransport(std::unique_ptr<HttpTransport> inner, std::shared_ptr<Faults> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}

  Result<HttpResponse> Send(const HttpRequest& request, const CallContext& ctx) override {
    if (!IsWrite(request)) return inner_->Send(request, ctx);
    if (faults_->throttled) return Throttled();
    Result<HttpResponse> response = inner_->Send(request, ctx);
    if (faults_->lose_answer.exchange(false)) return Unsure("the connection was reset");
    return response;
  }

 private:
  static HttpResponse Throttled() {
    HttpResponse response;
    response.status = 429;
    response.headers.Add("x-ms-substatus", "3200");
    response.headers.Add("x-ms-retry-after-ms", "5");
    response.headers.Add("x-ms-request-charge", "0.38");
    response.body = R"({"code":"429","message":"Request rate is large."})";
    return response;
  }

  std::unique_ptr<HttpTransport> inner_;
  std::shared_ptr<Faults> faults_;
};

class CosmosSubject final : public ConformanceSubject {
 public:
  explicit CosmosSubject(bool bulk) : bulk_(bulk) {}

  Result<std::unique_ptr<Destination>> Open() override { return OpenWithKey(server_.key); }
  Result<std::unique_ptr<Destination>> OpenUnauthorised() override {
    return OpenWithKey("d3Jvbmcga2V5");
  }
  bool SetThrottled(bool throttled) override {
    faults_->throttled = throttled;
    return true;
  }
  bool LoseNextAnswer() override {
    faults_->lose_answer = true;
    return true;
  }
  // The partition key in the body is another than the one it is sent under.
  std::string RefusedBody(const std::string& key, const std::string& id) override {
    return R"({"id":")" + id + R"(","k":"not )" + key + R"("})";
  }
  std::vector<std::string> system_fields() const override {
    return {"_rid", "_self", "_etag", "_ts", "_attachments"};
  }

 private:
  Result<std::unique_ptr<Destination>> OpenWithKey(const std::string& key) {
    cosmosdb::CosmosOptions options;
    options.endpoint = server_.endpoint();
    options.key = key;
    options.database = "conformance";
    options.container = "container";
    options.partition_key = {"/k"};
    options.bulk = bulk_;
    return cosmosdb::MakeCosmosDestination(
        options,
        [faults = faults_]() -> Result<std::unique_ptr<HttpTransport>> {
          ASSIGN_OR_RETURN(auto inner, MakeCurlTransport({}, SystemClock()));
          return std::unique_ptr<HttpTransport>(
              std::make_unique<FaultyTransport>(std::move(inner), faults));
        },
        SystemClock());
  }

  const bool bulk_;
  std::shared_ptr<Faults> faults_ = std::make_shared<Faults>();
  LocalServer server_;
};

}  // namespace

std::unique_ptr<ConformanceSubject> MakeCosmosSubject() {
  return std::make_unique<CosmosSubject>(true);
}
std::unique_ptr<ConformanceSubject> MakeCosmosPointSubject() {
  return std::make_unique<CosmosSubject>(false);
}

}  // namespace spillway
