// Offers: the throughput of containers and databases, as resources.
#include <algorithm>
#include <cmath>
#include <mutex>

#include "emulator/json/value.h"
#include "emulator/service/charges.h"
#include "emulator/service/growth.h"
#include "emulator/service/handlers.h"
#include "emulator/service/throughput.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

// What migrating between manual and autoscale starts with; a second replace sets what is wanted.
constexpr double kMigratedManualShare = 1.0;
constexpr double kAutoscaleStep = 1000;

// A change whose time has come is what offers show from now on.
std::optional<ServiceError> Settle(const Context& context) {
  if (!SettleAndGrow(context.account, context.options)) return std::nullopt;
  for (const auto& [id, database] : context.account.databases()) {
    ApplyThroughput(context.account, context.options, database.get());
  }
  return SaveCatalog(context.account);
}

Value OfferContent(const Offer& offer) {
  Value content{Object{}};
  const double units = offer.throughput.units;
  // Autoscale shows what it is scaled to at the moment; idle, that is a tenth of the maximum.
  content.Set("offerThroughput", offer.throughput.autoscale ? units / 10 : units);
  content.Set("offerIsRUPerMinuteThroughputEnabled", false);
  Value minimum{Object{}};
  minimum.Set("maxThroughputEverProvisioned", offer.units_ever_max);
  minimum.Set("maxConsumedStorageEverInKB", 0);
  content.Set("offerMinimumThroughputParameters", minimum);
  content.Set("offerLastReplaceTimestamp", static_cast<double>(offer.timestamp));
  if (offer.throughput.autoscale) {
    Value autoscale{Object{}};
    autoscale.Set("maxThroughput", units);
    if (const uint32_t percent = offer.throughput.increment_percent; percent != 0) {
      const Value policy = Object{{"incrementPercent", static_cast<double>(percent)}};
      autoscale.Set("autoUpgradePolicy", Object{{"throughputPolicy", policy}});
    }
    content.Set("offerAutopilotSettings", autoscale);
  }
  if (offer.pending) content.Set("isOfferReplacePending", true);
  Array buckets;
  for (size_t i = 0; i < offer.throughput.shares.size(); ++i) {
    const double share = offer.throughput.shares[i];
    if (share == 0) continue;
    buckets.push_back(Object{{"id", static_cast<double>(i + 1)},
                             {"maxThroughputPercentage", std::round(share * 100)}});
  }
  if (!buckets.empty()) content.Set("throughputBuckets", std::move(buckets));
  return content;
}

std::string OfferJson(const Offer& offer) {
  Value json{Object{}};
  json.Set("resource", offer.resource_self);
  json.Set("offerType", "Invalid");
  json.Set("offerResourceId", offer.resource_rid);
  json.Set("offerVersion", "V2");
  json.Set("content", OfferContent(offer));
  json.Set("id", offer.rid);
  json.Set("_rid", offer.rid);
  json.Set("_self", "offers/" + offer.rid + "/");
  json.Set("_etag", EtagText(offer.version, offer.timestamp));
  json.Set("_ts", static_cast<double>(offer.timestamp));
  return ToJson(json);
}

Reply OfferReply(const Context& context, const Offer& offer) {
  Reply reply;
  reply.body = OfferJson(offer);
  reply.Set("etag", EtagText(offer.version, offer.timestamp));
  reply.Set("x-ms-offer-replace-pending", offer.pending ? "true" : "false");
  reply.Set("x-ms-cosmos-min-throughput",
            std::to_string(static_cast<int64_t>(MinimumUnits(offer, context.account))));
  return reply;
}

Outcome<Throughput> WantedThroughput(const Context& context, const Offer& offer) {
  const Result<Value> body = ParseJson(context.request.body);
  if (!body.ok() || !(*body)["content"].is_object()) {
    return BadRequest("The offer must be a JSON object with 'content'.");
  }
  for (const char* name : {"id", "_rid"}) {
    const Value& given = (*body)[name];
    if (given.is_string() && given.string() == offer.rid) continue;
    return BadRequest("The '" + std::string(name) +
                      "' of the offer does not match the one in the request path.");
  }
  const double units_now = offer.throughput.units;
  if (context.request.Flag("x-ms-cosmos-migrate-offer-to-autopilot")) {
    return Throughput{
        true, std::max(kAutoscaleStep, std::ceil(units_now / kAutoscaleStep) * kAutoscaleStep)};
  }
  if (context.request.Flag("x-ms-cosmos-migrate-offer-to-manual-throughput")) {
    return Throughput{false, units_now * kMigratedManualShare};
  }
  const Value& content = (*body)["content"];
  const Value& autoscale = content["offerAutopilotSettings"]["maxThroughput"];
  const Value& manual = content["offerThroughput"];
  if (autoscale.is_number() && !offer.throughput.autoscale) {
    return BadRequest("The offer has manual throughput; migrate it to autoscale first.");
  }
  if (offer.throughput.autoscale) {
    if (autoscale.is_number()) {
      return Throughput{true, autoscale.number(),
                        IncrementPercent(content["offerAutopilotSettings"])};
    }
    return BadRequest("The offer has autoscale throughput; migrate it to manual first.");
  }
  if (!manual.is_number()) return BadRequest("The offer has no 'content.offerThroughput'.");
  return Throughput{false, manual.number()};
}

void ApplyOffer(const Context& context, const Offer& offer) {
  for (const auto& [id, database] : context.account.databases()) {
    if (offer.resource_self.starts_with(database->self)) {
      ApplyThroughput(context.account, context.options, database.get());
    }
  }
}

Reply ReplaceOffer(const Context& context, Offer* offer) {
  if (offer->pending) {
    return BadRequest("Another replacement of this offer is still running.", 3205);
  }
  EMULATOR_TRY(Throughput wanted, WantedThroughput(context, *offer));
  const Value buckets = (*ParseJson(context.request.body))["content"]["throughputBuckets"];
  wanted.shares = offer->throughput.shares;
  if (!buckets.is_undefined()) {
    EMULATOR_TRY(wanted.shares, ParseShares(buckets));
  }
  EMULATOR_CHECK(CheckThroughput(wanted));
  if (wanted.autoscale == offer->throughput.autoscale &&
      wanted.units < MinimumUnits(*offer, context.account)) {
    return BadRequest("The offer cannot be set below its minimum of " +
                      std::to_string(static_cast<int64_t>(MinimumUnits(*offer, context.account))) +
                      " request units a second.");
  }
  offer->version = context.account.NextVersion();
  offer->timestamp = context.account.clock.Seconds();
  offer->units_ever_max = std::max(offer->units_ever_max, wanted.units);
  if (context.options.throughput_change_pending.count() > 0) {
    offer->pending = wanted;
    offer->pending_until = context.account.clock.Now() + context.options.throughput_change_pending;
  } else {
    offer->throughput = wanted;
    GrowForThroughput(context.account, *offer);
  }
  ApplyOffer(context, *offer);
  EMULATOR_CHECK(SaveCatalog(context.account));
  return OfferReply(context, *offer);
}

}  // namespace

Reply HandleOffers(const Context& context) {
  if (context.request.method != "GET" && context.request.method != "POST") {
    return MethodNotAllowed();
  }
  std::vector<std::string> items;
  {
    std::unique_lock lock(context.account.mutex);
    EMULATOR_CHECK(Settle(context));
    for (const auto& [rid, offer] : context.account.offers()) {
      items.push_back(OfferJson(*offer));
    }
  }
  return DefinitionFeed(context, "", "Offers", std::move(items));
}

Reply HandleOffer(const Context& context) {
  std::unique_lock lock(context.account.mutex);
  EMULATOR_CHECK(Settle(context));
  const auto found = context.account.offers().find(context.path.leaf);
  if (found == context.account.offers().end()) return NotFoundError();
  Offer* offer = found->second.get();
  if (context.request.method == "PUT") return ReplaceOffer(context, offer);
  if (context.request.method != "GET") return MethodNotAllowed();
  return OfferReply(context, *offer);
}

}  // namespace spillway::emulator
