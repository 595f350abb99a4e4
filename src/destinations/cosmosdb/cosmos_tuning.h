// CosmosTuning: a container's offer and index policy: read, set, and set back (connector/tuning.h).
// Facts: the REST reference "Replace an Offer" and "Replace a Collection"; the headers of the
// public SDKs for the minimum, a pending change, migration and the progress of an index.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_TUNING_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_TUNING_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/tuning.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/offer_json.h"

namespace spillway::cosmosdb {

class CosmosTuning : public Tuning {
 public:
  // `account` outlives it.
  CosmosTuning(CosmosAccount& account, HttpTransportFactory transports);

  Result<ProvisionedState> ReadProvisioned(const CallContext& ctx) override;
  Result<ProvisionedState> SetProvisioned(const ProvisionedThroughput& wanted,
                                          const CallContext& ctx) override;
  Status CheckProvisioned(const ProvisionedThroughput& wanted) const override;
  uint32_t LeastAfter(const ProvisionedThroughput& highest, bool autoscale) const override {
    return LeastUnitsAfter(highest, autoscale);
  }
  Result<IndexingState> ReadIndexing(const CallContext& ctx) override;
  Status SetIndexing(std::string_view policy, const CallContext& ctx) override;
  Result<std::vector<std::string>> Warnings(const CallContext& ctx) override;

 private:
  // An offer with what only its headers say.
  struct Offer {
    OfferResource resource;
    ProvisionedState state;
  };
  // All of these hold mutex_.
  Result<ContainerClient*> Client();
  Result<ContainerInfo> Container(const CallContext& ctx);
  Result<std::optional<OfferResource>> FindOffer(std::string_view resource_self,
                                                 const CallContext& ctx);
  Status NoOfferOfItsOwn(const CallContext& ctx);
  Result<Offer> ReadOffer(const CallContext& ctx);
  Result<Offer> Replace(const std::string& rid, std::string_view body, const char* migration,
                        const CallContext& ctx);
  Result<CosmosResponse> ReadContainerResource(const CallContext& ctx);

  CosmosAccount& account_;
  const HttpTransportFactory transports_;
  const std::string container_link_;
  const std::string container_path_;
  std::mutex mutex_;  // one conversation
  std::unique_ptr<ContainerClient> client_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_TUNING_H_
