#include "destinations/cosmosdb/cosmos_tuning.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "destinations/cosmosdb/cosmos_json.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

constexpr RetryPolicy kReadPolicy{};
constexpr char kToAutoscale[] = "x-ms-cosmos-migrate-offer-to-autopilot";
constexpr char kToManual[] = "x-ms-cosmos-migrate-offer-to-manual-throughput";
constexpr char kWithoutRight[] =
    "throughput is set with the account key: a data-plane role may not; or leave out"
    " throughput.initial_load and throughput.changes, and set it yourself: az cosmosdb sql "
    "container"
    " throughput update";

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

std::optional<uint32_t> NumberOf(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc()) return std::nullopt;
  return number;
}

Status Explained(Status status) {
  if (status.code() != StatusCode::kPermissionDenied) return status;
  return std::move(status).WithHint(kWithoutRight);
}

ProvisionedState StateOf(const OfferResource& offer, const HttpHeaders& headers) {
  return {.now = offer.provisioned,
          .units_min = NumberOf(headers.Find("x-ms-cosmos-min-throughput")),
          .change_pending = offer.pending || headers.Find("x-ms-offer-replace-pending") == "true"};
}

}  // namespace

CosmosTuning::CosmosTuning(CosmosAccount& account, HttpTransportFactory transports)
    : account_(account),
      transports_(std::move(transports)),
      container_link_("dbs/" + account.options().database + "/colls/" +
                      account.options().container),
      container_path_("/dbs/" + PercentEncode(account.options().database) + "/colls/" +
                      PercentEncode(account.options().container)) {}

Result<ContainerClient*> CosmosTuning::Client() {
  if (client_ == nullptr) {
    ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> transport, transports_());
    client_ = std::make_unique<ContainerClient>(account_, std::move(transport), kReadPolicy);
  }
  return client_.get();
}

Result<ContainerInfo> CosmosTuning::Container(const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  ASSIGN_OR_RETURN(std::optional<ContainerInfo> found, client->ReadContainer(ctx));
  if (found.has_value()) return *std::move(found);
  return NotFound("there is no container " + account_.options().container + " yet");
}

Result<std::optional<OfferResource>> CosmosTuning::FindOffer(std::string_view resource_self,
                                                             const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  ASSIGN_OR_RETURN(const std::string feed, client->ReadOffers(resource_self, ctx));
  return ParseOfferFeed(feed);
}

Status CosmosTuning::NoOfferOfItsOwn(const CallContext& ctx) {
  const std::string& name = account_.options().container;
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  ASSIGN_OR_RETURN(const std::optional<std::string> database, client->ReadDatabase(ctx));
  if (database.has_value()) {
    ASSIGN_OR_RETURN(const auto offer, FindOffer("dbs/" + *database + "/", ctx));
    if (offer.has_value()) {
      return Unsupported("container " + name + " shares the throughput of database " +
                         account_.options().database + " with its other containers")
          .WithHint(
              "leave out throughput.initial_load and throughput.changes; the database's is set with"
              " az cosmosdb sql database throughput update");
    }
  }
  return Unsupported("container " + name +
                     " has no throughput that could be set: the account is serverless")
      .WithHint("leave out throughput.initial_load and throughput.changes");
}

Result<CosmosTuning::Offer> CosmosTuning::ReadOffer(const CallContext& ctx) {
  ASSIGN_OR_RETURN(const ContainerInfo container, Container(ctx));
  ASSIGN_OR_RETURN(const std::optional<OfferResource> found, FindOffer(container.self, ctx));
  if (!found.has_value()) return NoOfferOfItsOwn(ctx);
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  const std::string link = Lower(found->rid);
  const std::string path = "/offers/" + found->rid;
  const CosmosRequest request{.resource_type = "offers", .resource_link = link, .path = path};
  ASSIGN_OR_RETURN(const CosmosResponse response,
                   client->client().Read(request, client->read_policy(), ctx));
  if (!response.ok()) return response.ToStatus();
  Offer offer;
  ASSIGN_OR_RETURN(offer.resource, ParseOffer(response.body));
  offer.state = StateOf(offer.resource, response.headers);
  return offer;
}

Result<CosmosTuning::Offer> CosmosTuning::Replace(const std::string& rid, std::string_view body,
                                                  const char* migration, const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  const std::string link = Lower(rid);
  const std::string path = "/offers/" + rid;
  CosmosRequest request{.method = HttpMethod::kPut,
                        .resource_type = "offers",
                        .resource_link = link,
                        .path = path,
                        .headers = {{"content-type", "application/json"}},
                        .body = body,
                        .write = true};
  if (migration != nullptr) request.headers.push_back({migration, "true"});
  ASSIGN_OR_RETURN(const CosmosResponse response, client->client().Call(request, ctx));
  if (!response.ok()) return response.ToStatus();
  Offer offer;
  ASSIGN_OR_RETURN(offer.resource, ParseOffer(response.body));
  offer.state = StateOf(offer.resource, response.headers);
  return offer;
}

Status CosmosTuning::CheckProvisioned(const ProvisionedThroughput& wanted) const {
  const uint32_t least = wanted.autoscale ? 1'000 : 400;
  const uint32_t step = wanted.autoscale ? 1'000 : 100;
  const uint32_t units = wanted.units_per_second;
  if (units >= least && units % step == 0) return Status::Ok();
  const uint32_t next = std::max(least, (units + step - 1) / step * step);
  return InvalidArgument(std::to_string(units) + " RU/s cannot be provisioned: " +
                         (wanted.autoscale ? "the maximum of autoscale" : "manual throughput") +
                         " starts at " + std::to_string(least) + " and goes in steps of " +
                         std::to_string(step))
      .WithHint("write " + std::to_string(next));
}

Result<ProvisionedState> CosmosTuning::ReadProvisioned(const CallContext& ctx) {
  std::lock_guard lock(mutex_);
  Result<Offer> offer = ReadOffer(ctx);
  if (!offer.ok()) {
    return Explained(std::move(offer).status()).WithContext("reading the throughput");
  }
  return offer->state;
}

// Of another kind: the service picks a value when it migrates, and is then told the wanted one.
Result<ProvisionedState> CosmosTuning::SetProvisioned(const ProvisionedThroughput& wanted,
                                                      const CallContext& ctx) {
  std::lock_guard lock(mutex_);
  Result<Offer> offer = ReadOffer(ctx);
  if (offer.ok() && !offer->state.change_pending &&
      offer->state.now.autoscale != wanted.autoscale) {
    ASSIGN_OR_RETURN(const std::string body,
                     OfferMigrating(offer->resource.body, wanted.autoscale));
    const std::string rid = offer->resource.rid;
    offer = Replace(rid, body, wanted.autoscale ? kToAutoscale : kToManual, ctx);
  }
  if (!offer.ok()) {
    return Explained(std::move(offer).status()).WithContext("setting the throughput");
  }
  ProvisionedThroughput next = wanted;
  next.units_per_second = std::max(next.units_per_second, offer->state.units_min.value_or(0));
  if (offer->state.change_pending || offer->state.now == next) return offer->state;
  ASSIGN_OR_RETURN(const std::string body, OfferWith(offer->resource.body, next));
  Result<Offer> replaced = Replace(offer->resource.rid, body, nullptr, ctx);
  if (!replaced.ok()) {
    return Explained(std::move(replaced).status()).WithContext("setting the throughput");
  }
  return replaced->state;
}

Result<CosmosResponse> CosmosTuning::ReadContainerResource(const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  const CosmosRequest request{.resource_type = "colls",
                              .resource_link = container_link_,
                              .path = container_path_,
                              .headers = {{"x-ms-documentdb-populatequotainfo", "true"}}};
  ASSIGN_OR_RETURN(CosmosResponse response,
                   client->client().Read(request, client->read_policy(), ctx));
  if (response.is_absent()) {
    return NotFound("there is no container " + account_.options().container);
  }
  return response;
}

Result<IndexingState> CosmosTuning::ReadIndexing(const CallContext& ctx) {
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const CosmosResponse response, ReadContainerResource(ctx));
  ASSIGN_OR_RETURN(IndexingState state, ParseIndexing(response.body));
  state.progress_percent =
      NumberOf(response.headers.Find("x-ms-documentdb-collection-index-transformation-progress"));
  return state;
}

Status CosmosTuning::SetIndexing(std::string_view policy, const CallContext& ctx) {
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const CosmosResponse present, ReadContainerResource(ctx));
  ASSIGN_OR_RETURN(const std::string body, ContainerWithIndexing(present.body, policy));
  const CosmosRequest request{.method = HttpMethod::kPut,
                              .resource_type = "colls",
                              .resource_link = container_link_,
                              .path = container_path_,
                              .headers = {{"content-type", "application/json"},
                                          {"if-match", std::string(present.headers.Find("etag"))}},
                              .body = body,
                              .write = true};
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  ASSIGN_OR_RETURN(const CosmosResponse response, client->client().Call(request, ctx));
  if (response.ok()) return Status::Ok();
  return response.ToStatus().WithContext("setting the index policy");
}

Result<std::vector<std::string>> CosmosTuning::Warnings(const CallContext& ctx) {
  const uint32_t bucket = account_.options().throughput_bucket;
  if (bucket == 0) return std::vector<std::string>();
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const ContainerInfo container, Container(ctx));
  ASSIGN_OR_RETURN(const std::optional<OfferResource> offer, FindOffer(container.self, ctx));
  std::string present;
  for (const uint32_t known : offer ? offer->buckets : std::vector<uint32_t>()) {
    if (known == bucket) return std::vector<std::string>();
    present += (present.empty() ? "" : ", ") + std::to_string(known);
  }
  const std::string name = std::to_string(bucket);
  if (!offer.has_value()) {
    return std::vector{"destination.throughput_bucket is " + name +
                       ", and only a container with a throughput of its own has buckets: nothing"
                       " holds these requests back; use throughput: {limit: …}"};
  }
  return std::vector{
      "the container has no throughput bucket " + name + " (it has " +
      (present.empty() ? "none" : present) +
      "): the service ignores the number, and nothing holds these requests back; make the bucket"
      " (az cosmosdb sql container throughput update), or use throughput: {limit: …}"};
}

}  // namespace spillway::cosmosdb
