#include "emulator/service/data_actions.h"

#include <array>

#include "emulator/service/query_request.h"

namespace spillway::emulator {
namespace {

constexpr int kNotInDataPlane = 5300;
constexpr int kMetadataRefused = 5301;
constexpr int kDataRefused = 5302;

constexpr std::string_view kDataReaderId = "00000000-0000-0000-0000-000000000001";
constexpr std::string_view kDataContributorId = "00000000-0000-0000-0000-000000000002";

constexpr std::array<std::string_view, 10> kNames = {
    "Microsoft.DocumentDB/databaseAccounts/readMetadata",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/replace",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/upsert",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/delete",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/readChangeFeed",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeStoredProcedure",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/manageConflicts"};
// The wildcards that the service knows.
constexpr std::array<std::string_view, 2> kWildcards = {
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/*",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/*"};

constexpr char kLearnMore[] = " Learn more: https://aka.ms/cosmos-native-rbac.";

ServiceError Forbidden(int substatus, std::string message) {
  ServiceError error;
  error.status = 403;
  error.substatus = substatus;
  error.message = "Request blocked by Auth localhost : " + std::move(message) + kLearnMore;
  return error;
}

bool IsMetadata(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kAccount:
    case ResourceKind::kDatabases:
    case ResourceKind::kDatabase:
    case ResourceKind::kContainers:
    case ResourceKind::kContainer:
    case ResourceKind::kRanges:
      return true;
    case ResourceKind::kItems:
    case ResourceKind::kItem:
    case ResourceKind::kPartitionKeyDelete:
    case ResourceKind::kConflicts:
    case ResourceKind::kOffers:
    case ResourceKind::kOffer:
    case ResourceKind::kUnsupported:
      break;
  }
  return false;
}

std::optional<DataAction> DemandOfItems(const Request& request) {
  if (request.method == "GET") return DataAction::kReadChangeFeed;
  if (request.Flag("x-ms-cosmos-is-batch-request")) return std::nullopt;
  if (request.Flag("x-ms-cosmos-is-query-plan-request") || IsQuery(request)) {
    return DataAction::kExecuteQuery;
  }
  return request.Flag("x-ms-documentdb-is-upsert") ? DataAction::kUpsertItem
                                                   : DataAction::kCreateItem;
}

DataAction DemandOfItem(std::string_view method) {
  if (method == "PUT" || method == "PATCH") return DataAction::kReplaceItem;
  return method == "DELETE" ? DataAction::kDeleteItem : DataAction::kReadItem;
}

// "dbs/d/colls/c", or as much of it as the request names.
std::string ResourceOf(const ResourcePath& path) {
  if (path.database.empty()) return "/";
  std::string link = "dbs/" + path.database;
  if (!path.container.empty()) link.append("/colls/").append(path.container);
  return link;
}

}  // namespace

std::string_view DataActionName(DataAction action) {
  return kNames[static_cast<size_t>(action)];
}

DataActions DataActions::DataReader() {
  DataActions actions;
  actions.bits_ = Bit(DataAction::kReadMetadata) | Bit(DataAction::kReadItem) |
                  Bit(DataAction::kExecuteQuery) | Bit(DataAction::kReadChangeFeed);
  return actions;
}

DataActions DataActions::DataContributor() {
  DataActions actions;
  actions.bits_ = (1u << kNames.size()) - 1;
  return actions;
}

bool DataActions::Add(std::string_view name) {
  if (name == kDataReaderId) return bits_ |= DataReader().bits_, true;
  if (name == kDataContributorId) return bits_ |= DataContributor().bits_, true;
  bool wildcard = false;
  for (const std::string_view known : kWildcards) wildcard = wildcard || name == known;
  bool found = false;
  for (size_t i = 0; i < kNames.size(); ++i) {
    const bool covered = wildcard && kNames[i].starts_with(name.substr(0, name.size() - 1));
    if (!covered && kNames[i] != name) continue;
    bits_ |= 1u << i;
    found = true;
  }
  return found;
}

std::optional<DataAction> DemandOf(const Request& request, const ResourcePath& path) {
  if (!IsDataPlane(request, path)) return std::nullopt;
  if (IsMetadata(path.kind)) return DataAction::kReadMetadata;
  if (path.kind == ResourceKind::kItems) return DemandOfItems(request);
  if (path.kind == ResourceKind::kItem) return DemandOfItem(request.method);
  return path.kind == ResourceKind::kPartitionKeyDelete ? DataAction::kDeleteItem
                                                        : DataAction::kManageConflicts;
}

bool IsDataPlane(const Request& request, const ResourcePath& path) {
  if (IsMetadata(path.kind)) return request.method == "GET" || IsQuery(request);
  return path.kind == ResourceKind::kItems || path.kind == ResourceKind::kItem ||
         path.kind == ResourceKind::kPartitionKeyDelete || path.kind == ResourceKind::kConflicts;
}

ServiceError NotInDataPlane(const Request& request) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  return Forbidden(kNotInDataPlane, "The given request [" + std::string(request.method) + " " +
                                        std::string(path) +
                                        "] cannot be authorized by AAD token in data plane.");
}

std::optional<ServiceError> CheckAction(const Grant& grant, DataAction action,
                                        const ResourcePath& path) {
  if (grant.actions.Has(action)) return std::nullopt;
  const int substatus = action == DataAction::kReadMetadata ? kMetadataRefused : kDataRefused;
  return Forbidden(substatus, "Request is blocked because principal [" + grant.principal +
                                  "] does not have required RBAC permissions to perform action [" +
                                  std::string(DataActionName(action)) + "] on resource [" +
                                  ResourceOf(path) + "].");
}

}  // namespace spillway::emulator
