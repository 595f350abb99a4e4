#include "destinations/cosmosdb/key_tuning.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "destinations/cosmosdb/cosmos_json.h"

namespace spillway::cosmosdb {
namespace {

constexpr char kToAutoscale[] = "x-ms-cosmos-migrate-offer-to-autopilot";
constexpr char kToManual[] = "x-ms-cosmos-migrate-offer-to-manual-throughput";

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

}  // namespace

Result<std::optional<OfferResource>> KeyTuning::FindOffer(std::string_view resource_self,
                                                          const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, container_.Client());
  ASSIGN_OR_RETURN(const std::string feed, client->ReadOffers(resource_self, ctx));
  return ParseOfferFeed(feed);
}

Result<bool> KeyTuning::DatabaseHasOffer(const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, container_.Client());
  ASSIGN_OR_RETURN(const std::optional<std::string> database, client->ReadDatabase(ctx));
  if (!database.has_value()) return false;
  ASSIGN_OR_RETURN(const auto offer, FindOffer("dbs/" + *database + "/", ctx));
  return offer.has_value();
}

Result<TunedOffer> KeyTuning::Keep(const CosmosResponse& response) {
  if (!response.ok()) return response.ToStatus();
  ASSIGN_OR_RETURN(offer_, ParseOffer(response.body));
  const HttpHeaders& headers = response.headers;
  return TunedOffer{
      .state = {.now = offer_.provisioned,
                .units_min = WholeNumber(headers.Find("x-ms-cosmos-min-throughput")),
                .change_pending =
                    offer_.pending || headers.Find("x-ms-offer-replace-pending") == "true"},
      .buckets = offer_.buckets};
}

Result<std::optional<TunedOffer>> KeyTuning::ReadOffer(const CallContext& ctx) {
  ASSIGN_OR_RETURN(const ContainerInfo container, container_.Info(ctx));
  ASSIGN_OR_RETURN(const std::optional<OfferResource> found, FindOffer(container.self, ctx));
  if (!found.has_value()) return std::optional<TunedOffer>();
  ASSIGN_OR_RETURN(ContainerClient* const client, container_.Client());
  const std::string link = Lower(found->rid);
  const std::string path = "/offers/" + found->rid;
  const CosmosRequest request{.resource_type = "offers", .resource_link = link, .path = path};
  ASSIGN_OR_RETURN(const CosmosResponse response,
                   client->client().Read(request, client->read_policy(), ctx));
  ASSIGN_OR_RETURN(TunedOffer offer, Keep(response));
  return std::optional(std::move(offer));
}

Result<TunedOffer> KeyTuning::Put(std::string_view body, const char* migration,
                                  const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, container_.Client());
  const std::string link = Lower(offer_.rid);
  const std::string path = "/offers/" + offer_.rid;
  CosmosRequest request{.method = HttpMethod::kPut,
                        .resource_type = "offers",
                        .resource_link = link,
                        .path = path,
                        .headers = {{"content-type", "application/json"}},
                        .body = body,
                        .write = true};
  if (migration != nullptr) request.headers.push_back({migration, "true"});
  ASSIGN_OR_RETURN(const CosmosResponse response, client->client().Call(request, ctx));
  return Keep(response);
}

Result<TunedOffer> KeyTuning::Migrate(bool to_autoscale, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::string body, OfferMigrating(offer_.body, to_autoscale));
  return Put(body, to_autoscale ? kToAutoscale : kToManual, ctx);
}

Result<TunedOffer> KeyTuning::Replace(const ProvisionedThroughput& wanted, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::string body, OfferWith(offer_.body, wanted));
  return Put(body, nullptr, ctx);
}

Status KeyTuning::ReplaceIndexing(std::string_view policy, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const CosmosResponse present, container_.Read(ctx));
  ASSIGN_OR_RETURN(const std::string body, ContainerWithIndexing(present.body, policy));
  return container_.Replace(body, present.headers.Find("etag"), ctx);
}

}  // namespace spillway::cosmosdb
