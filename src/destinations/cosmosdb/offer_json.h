// Offers and index policies as JSON: what the resources say, and the same resources changed, all
// else in them kept. Facts: the REST reference "Offers", "Replace an Offer" and "Collections".
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_OFFER_JSON_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_OFFER_JSON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connector/tuning.h"

namespace spillway::cosmosdb {

struct OfferResource {
  std::string rid;
  std::string body;  // as the service gave it
  ProvisionedThroughput provisioned;
  bool pending = false;
  std::vector<uint32_t> buckets;  // throughput buckets that it names
};

// kDataLoss when the body is no offer.
Result<OfferResource> ParseOffer(std::string_view body);
// The first offer of a feed; nullopt: it has none.
Result<std::optional<OfferResource>> ParseOfferFeed(std::string_view body);

// The resource with other throughput of the same kind.
Result<std::string> OfferWith(std::string_view body, const ProvisionedThroughput& wanted);
// The resource as it migrates to the other kind: the service picks the value.
Result<std::string> OfferMigrating(std::string_view body, bool to_autoscale);

// The least that can be set once `highest` was ("service quotas": a hundredth of the highest ever
// for manual, a tenth for autoscale).
uint32_t LeastUnitsAfter(const ProvisionedThroughput& highest, bool autoscale);

// The index policy of a container resource, and what it would be if nothing but the system's own
// properties were indexed. Vector and full-text indexes stay: the service cannot add them later.
Result<IndexingState> ParseIndexing(std::string_view container);
// The container as it is replaced: its definition with this index policy.
Result<std::string> ContainerWithIndexing(std::string_view container, std::string_view policy);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_OFFER_JSON_H_
