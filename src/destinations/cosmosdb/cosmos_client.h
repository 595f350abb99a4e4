// CosmosClient: one conversation with a Cosmos DB account: signs a request, sends it to the right
// region, and hands back what the service said. What the requests are is container_client.h's
// affair.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_CLIENT_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_CLIENT_H_

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "destinations/cosmosdb/cosmos_account.h"
#include "destinations/cosmosdb/cosmos_auth.h"
#include "net/http_transport.h"
#include "net/retry_policy.h"

namespace spillway::cosmosdb {

struct CosmosRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string_view resource_type;     // as signed: "docs"
  std::string_view resource_link;     // as signed: raw, without slashes at the ends
  std::string_view path;              // as sent: percent-encoded, with its leading slash
  std::vector<HttpHeader> headers{};  // beside the ones that every request has
  HttpBody body{};
  bool write = false;  // may change something: at most one per call is let in
};

struct CosmosResponse {
  int status = 0;
  int sub_status = 0;
  double charge = 0;  // request units
  std::chrono::milliseconds retry_after{0};
  HttpHeaders headers;
  std::string body;

  bool ok() const;
  bool is_absent() const { return status == 404 && sub_status == 0; }
  bool is_range_gone() const { return status == 410; }
  // REQUIRES: not ok(). The service's words, classified.
  Status ToStatus() const;
};

// Used by one thread at a time.
class CosmosClient {
 public:
  // `account` outlives it.
  CosmosClient(CosmosAccount& account, std::unique_ptr<HttpTransport> transport);

  // Any status of the service is a response. Reads the account first when its regions are not
  // known. Fails as HttpTransport::Send does; a failed read is kUnavailable instead of kUnsure.
  Result<CosmosResponse> Call(const CosmosRequest& request, const CallContext& ctx);

  // For reads, and for deletes of what is then not missed: repeats the call as `policy` allows
  // while the service is busy or out of reach, and turns a refusal into a Status. Two are answers:
  // a plain 404 (is_absent), and 410 (the range that was asked is gone). Writes of documents are
  // never repeated here: that is the engine's.
  Result<CosmosResponse> Read(const CosmosRequest& request, const RetryPolicy& policy,
                              const CallContext& ctx);

  // Waits before a read is repeated for the `attempts`th time. Returns `last`, the failure that is
  // the reason, when the policy or the deadline allows no more; kCancelled on a stop.
  Status WaitToReadAgain(const RetryPolicy& policy, uint32_t attempts, Status last,
                         const CallContext& ctx);

  // Reads the account and installs what it says.
  Status Discover(const CallContext& ctx);

  const CosmosAccount& account() const { return account_; }

 private:
  // Sends a second time when the first was refused and there is a later key or token by now: a
  // request that was refused has done nothing, so that holds for writes too.
  Result<CosmosResponse> SendTo(const Endpoint& endpoint, const CosmosRequest& request,
                                const CallContext& ctx);
  Result<CosmosResponse> SendOnce(const Endpoint& endpoint, const CosmosRequest& request,
                                  const CallContext& ctx);
  const std::string& Date();
  Status Authorize(const CosmosRequest& request, std::string_view date, const CallContext& ctx);

  CosmosAccount& account_;
  const std::unique_ptr<HttpTransport> transport_;
  std::minstd_rand random_;
  // A signature covers its second, verb and link: consecutive requests of a writer share it.
  std::string signed_parts_;
  std::string date_;  // as in a header, of that second
  int64_t date_second_ = 0;
  Authorization authorization_;  // of the last request
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_CLIENT_H_
