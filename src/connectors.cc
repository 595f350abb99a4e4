#include "connectors.h"

#include "destinations/cosmosdb/cosmos_spec.h"
#include "sources/delta/delta_spec.h"

namespace spillway {
namespace {

ConnectorType Delta() {
  ConnectorType type;
  type.name = "delta";
  type.doc = "Delta Lake tables in a folder or an object store.";
  type.connection = OptionsOf(delta::DeltaConnectionSpec());
  type.source = OptionsOf(delta::DeltaTableSpec());
  return type;
}

ConnectorType CosmosDb() {
  ConnectorType type;
  type.name = "cosmosdb";
  type.doc = "Azure Cosmos DB for NoSQL, and the local server.";
  type.connection = OptionsOf(cosmosdb::CosmosConnectionSpec());
  type.destination = OptionsOf(cosmosdb::CosmosContainerSpec());
  return type;
}

}  // namespace

std::span<const ConnectorType> Connectors() {
  static const std::vector<ConnectorType> connectors = {Delta(), CosmosDb()};
  return connectors;
}

const ConnectorType* FindConnector(std::string_view name) {
  for (const ConnectorType& connector : Connectors()) {
    if (connector.name == name) return &connector;
  }
  return nullptr;
}

}  // namespace spillway
