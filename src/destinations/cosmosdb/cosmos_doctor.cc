#include "destinations/cosmosdb/cosmos_doctor.h"

#include <fmt/format.h>

#include <memory>
#include <random>
#include <utility>

#include "base/human.h"
#include "destinations/cosmosdb/arm_client.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/cosmos_account.h"
#include "destinations/cosmosdb/cosmos_destination.h"
#include "identity/token_claims.h"
#include "identity/token_reply.h"
#include "net/resolve.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

// The service refuses signatures that are more than 15 minutes off.
constexpr std::chrono::minutes kSkewMax{15};
constexpr std::chrono::minutes kSkewToWarnOf{2};
constexpr RetryPolicy kPolicy{.attempts_max = 2};

class Doctor {
 public:
  Doctor(const CosmosOptions& options, const HttpTransportFactory& transports, Clock& clock,
         const CallContext& ctx, Findings& findings)
      : options_(options), transports_(transports), clock_(clock), ctx_(ctx), findings_(findings) {}

  void TryAll() {
    if (!TryName() || !TryTls() || !TryCredential()) return;
    Result<std::unique_ptr<CosmosAccount>> account = CosmosAccount::Make(options_, clock_);
    if (!account.ok()) return findings_.Fail("account", account.status());
    Result<std::unique_ptr<HttpTransport>> transport = transports_();
    if (!transport.ok()) return findings_.Fail("account", transport.status());
    ContainerClient client(**account, *std::move(transport), kPolicy);
    if (!TryAccount(client) || !TryContainer(client)) return;
    TryWriting(client);
    TryThroughput();
  }

 private:
  bool TryName() {
    const Result<Url> url = ParseUrl(options_.endpoint);
    if (!url.ok()) return Failed("name", url.status());
    const Result<std::string> address = ResolveHost(url->host);
    if (!address.ok()) return Failed("name", address.status());
    findings_.Ok("name", fmt::format("{} is {}", url->host, *address));
    return true;
  }

  // Asks without a credential: any answer shows that the certificate is trusted.
  bool TryTls() {
    Result<std::unique_ptr<HttpTransport>> transport = transports_();
    if (!transport.ok()) return Failed("connection", transport.status());
    const Result<Url> url = ParseUrl(options_.endpoint);
    const Result<HttpResponse> answer =
        (*transport)->Send({.url = url->Origin() + "/", .repeatable = true}, ctx_);
    if (!answer.ok()) return Failed("connection", answer.status());
    findings_.Ok("connection", url->scheme == "https" ? "TLS, the certificate is trusted"
                                                      : "plain http, on this machine");
    TryClock(*answer);
    return true;
  }

  void TryClock(const HttpResponse& answer) {
    const WallTime ours = clock_.WallNow();
    const WallTime theirs = ParseHttpDate(answer.headers.Find("date"), WallTime::min());
    if (theirs == WallTime::min())
      return findings_.Skip("clock", "the service does not tell its time");
    const auto skew = std::chrono::abs(ours - theirs);
    const std::string detail = fmt::format("{} off", HumanDuration(skew));
    constexpr char kFix[] = "set this machine's clock: timedatectl set-ntp true";
    if (skew > kSkewMax && !options_.token.given()) {
      findings_.Fail(
          "clock", Unauthenticated(detail + ": the service refuses our signatures").WithHint(kFix));
    } else if (skew > kSkewToWarnOf) {
      findings_.Warn("clock", detail, kFix);
    } else {
      findings_.Ok("clock", skew < std::chrono::seconds(2) ? "right" : detail);
    }
  }

  bool TryCredential() {
    if (!options_.token.given()) {
      if (options_.key_source != nullptr) {
        const Result<std::string> key = options_.key_source(ctx_);
        if (!key.ok()) return Failed("key", key.status());
      }
      findings_.Ok("key", "there is one");
      return true;
    }
    const TokenUse& use = options_.token;
    const Result<GivenToken> token = use.provider->Get(use.scope, ctx_);
    if (!token.ok()) return Failed("token", token.status());
    findings_.Ok("token", fmt::format("by {}, for {}", use.provider->name(), use.scope));
    const TokenClaims claims = ReadTokenClaims(token->text);
    if (!claims.audience.empty()) {
      findings_.Ok("identity",
                   fmt::format("object id {}, audience {}", claims.object_id, claims.audience));
    }
    return true;
  }

  bool TryAccount(ContainerClient& client) {
    const Status status = client.client().Discover(ctx_);
    if (!status.ok()) return Failed("account", status);
    findings_.Ok("account", client.client().account().Current().origin);
    return true;
  }

  bool TryContainer(ContainerClient& client) {
    const Result<std::optional<ContainerInfo>> found = client.ReadContainer(ctx_);
    if (!found.ok()) return Failed("container", found.status());
    if (found->has_value()) {
      findings_.Ok("container",
                   fmt::format("{}/{}, partition key {}", options_.database, options_.container,
                               fmt::join((*found)->partition_key, ", ")));
      return true;
    }
    TryCreation();
    findings_.Skip("writing", "the container is not there yet");
    return false;
  }

  void TryCreation() {
    const std::string missing =
        fmt::format("there is no container {} in {}", options_.container, options_.database);
    if (!options_.create) {
      return findings_.Fail("container",
                            NotFound(missing).WithHint("create it, or allow `create:`"));
    }
    if (options_.token.given() && !options_.arm) {
      return findings_.Fail("container", OnlyTheControlPlaneCreates(options_, "container"));
    }
    findings_.Ok("container", missing + "; `sync` will create it");
  }

  void TryWriting(ContainerClient& client) {
    const std::string id = fmt::format("spillway-doctor-{:08x}", std::random_device{}());
    Document document;
    document.id = id;
    std::string key = "[";
    for (size_t i = 0; i < options_.partition_key.size(); ++i) {
      key += (i > 0 ? ",\"" : "\"") + id + "\"";
    }
    key += "]";
    document.partition_key = key;
    Operation operation;
    operation.kind = OperationKind::kDelete;
    operation.document = &document;
    const Result<CosmosResponse> answer = client.Item(operation, ctx_);
    if (!answer.ok()) return findings_.Fail("writing", answer.status());
    if (answer->is_absent() || answer->ok()) return findings_.Ok("writing", "allowed");
    findings_.Fail("writing", answer->ToStatus());
  }

  void TryThroughput() {
    auto destination = MakeCosmosDestination(options_, transports_, clock_);
    if (!destination.ok()) return findings_.Fail("throughput", destination.status());
    const auto plan = (*destination)->PlanLanes(1, ctx_);
    if (!plan.ok()) return findings_.Fail("throughput", plan.status());
    const auto admitted = (*destination)->ReadThroughput(*plan, ctx_);
    if (!admitted.ok() && admitted.status().code() == StatusCode::kPermissionDenied) {
      return findings_.Warn("throughput", "not known: the data plane tells it to keys alone",
                            "name the account's `arm` in the connection, if a share of the "
                            "throughput is to be a limit");
    }
    if (!admitted.ok()) return findings_.Fail("throughput", admitted.status());
    findings_.Ok("throughput",
                 admitted->units_per_second
                     ? fmt::format("{} RU/s", HumanNumber(*admitted->units_per_second))
                     : std::string("serverless"));
  }

  bool Failed(std::string link, const Status& status) {
    findings_.Fail(std::move(link), status);
    return false;
  }

  const CosmosOptions& options_;
  const HttpTransportFactory& transports_;
  Clock& clock_;
  const CallContext& ctx_;
  Findings& findings_;
};

}  // namespace

void DiagnoseCosmos(const CosmosOptions& options, const HttpTransportFactory& transports,
                    Clock& clock, const CallContext& ctx, Findings& findings) {
  Doctor(options, transports, clock, ctx, findings).TryAll();
}

}  // namespace spillway::cosmosdb
