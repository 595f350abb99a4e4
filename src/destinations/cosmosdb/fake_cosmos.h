// The service as far as the client's unit tests need it: an account, one container and its ranges;
// what happens to requests on documents is the test's affair.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_FAKE_COSMOS_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_FAKE_COSMOS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "destinations/cosmosdb/cosmos_options.h"
#include "net/fake_transport.h"

namespace spillway::cosmosdb {

inline CosmosOptions FakeOptions() {
  CosmosOptions options;
  options.endpoint = "https://contoso.documents.azure.com:443/";
  options.key =
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
  options.database = "shop";
  options.container = "orders";
  options.partition_key = {"/pk"};
  return options;
}

class FakeCosmos {
 public:
  struct Range {
    std::string id;
    std::string min;
    std::string max;
    std::vector<std::string> parents{};
  };

  // Changed by tests before or between calls.
  std::vector<Range> ranges = {{"0", "", "FF"}};
  std::string account = R"({"writableLocations":[{"name":"West Europe","databaseAccountEndpoint":)"
                        R"("https://contoso-westeurope.documents.azure.com:443/"}]})";
  std::string container = R"({"id":"orders","_rid":"rid1","_self":"dbs/a/colls/b/",)"
                          R"("partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}})";
  FakeNetwork::Answer documents = [](const SeenRequest&) { return FakeResponse(200, "[]"); };
  // Asked first; a status of 0 lets the others answer.
  FakeNetwork::Answer first = [](const SeenRequest&) { return FakeResponse(0, ""); };

  HttpTransportFactory factory() { return network_.factory(); }

  // The requests on documents so far, in order.
  std::vector<SeenRequest> writes() const { return Matching("/docs"); }
  std::vector<SeenRequest> Matching(std::string_view part) const {
    std::vector<SeenRequest> found;
    for (SeenRequest& request : network_.requests()) {
      if (request.http.url.find(part) != std::string::npos) found.push_back(std::move(request));
    }
    return found;
  }

  // A page of the incremental feed: everything when the etag is not the present one.
  HttpResponse Ranges(const SeenRequest& request) const {
    const std::string etag = "\"" + std::to_string(ranges.size()) + "-" + ranges.back().id + "\"";
    if (request.Header("if-none-match") == etag) return FakeResponse(304, "", {{"etag", etag}});
    std::string body = "{\"PartitionKeyRanges\":[";
    for (const Range& range : ranges) {
      body += body.back() == '[' ? "" : ",";
      body += "{\"id\":\"" + range.id + "\",\"minInclusive\":\"" + range.min +
              "\",\"maxExclusive\":\"" + range.max + "\",\"parents\":[";
      for (const std::string& parent : range.parents) {
        body += (body.back() == '[' ? "\"" : ",\"") + parent + "\"";
      }
      body += "]}";
    }
    return FakeResponse(200, body + "]}", {{"etag", etag}});
  }

  // One result per operation of a bulk request, all alike.
  static HttpResponse AllAnswered(const SeenRequest& request, int status, int sub_status = 0) {
    const std::string one = "{\"statusCode\":" + std::to_string(status) +
                            ",\"subStatusCode\":" + std::to_string(sub_status) +
                            ",\"requestCharge\":5.5}";
    std::string body = "[";
    for (size_t at = 0; (at = request.body.find("{\"operationType\"", at)) != std::string::npos;
         ++at) {
      body += (body.size() > 1 ? "," : "") + one;
    }
    return FakeResponse(status < 300 ? 200 : 207, body + "]", {{"x-ms-request-charge", "5.5"}});
  }

 private:
  Result<HttpResponse> Answer(const SeenRequest& request) {
    Result<HttpResponse> answer = first(request);
    if (!answer.ok() || answer->status != 0) return answer;
    const std::string path = request.http.url.substr(request.http.url.find('/', 8));
    if (path == "/") return FakeResponse(200, account);
    if (path.ends_with("/pkranges")) return Ranges(request);
    if (path.find("/docs") != std::string::npos) return documents(request);
    if (path == "/dbs/shop/colls/orders" && !container.empty()) return FakeResponse(200, container);
    return FakeResponse(404, R"({"code":"NotFound","message":"Resource Not Found"})");
  }

  FakeNetwork network_{[this](const SeenRequest& request) { return Answer(request); }};
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_FAKE_COSMOS_H_
