// Data actions: what a role of the data plane is made of, and which one each request demands
// (cosmos-protocol: "Data-plane RBAC"; the documentation's page "Use data plane role-based access
// control", "Permission model").
#ifndef SPILLWAY_EMULATOR_SERVICE_DATA_ACTIONS_H_
#define SPILLWAY_EMULATOR_SERVICE_DATA_ACTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/service/http_message.h"
#include "emulator/service/resource_path.h"

namespace spillway::emulator {

enum class DataAction : uint8_t {
  kReadMetadata,  // the account, databases, containers, ranges
  kCreateItem,
  kReadItem,
  kReplaceItem,
  kUpsertItem,
  kDeleteItem,
  kExecuteQuery,
  kReadChangeFeed,
  kExecuteStoredProcedure,
  kManageConflicts,
};

// "Microsoft.DocumentDB/databaseAccounts/readMetadata" …
std::string_view DataActionName(DataAction action);

// A set of them: a role. A plain value; none at first.
class DataActions {
 public:
  // The built-in roles.
  static DataActions DataReader();
  static DataActions DataContributor();

  // Adds an action by its name, all that a wildcard ("…/containers/items/*") stands for, or those
  // of a built-in role by its id. False when the name is none of these.
  bool Add(std::string_view name);
  bool Has(DataAction action) const { return (bits_ & Bit(action)) != 0; }

 private:
  static constexpr uint32_t Bit(DataAction action) { return 1u << static_cast<uint8_t>(action); }
  uint32_t bits_ = 0;
};

// Who a token speaks for, and what of the data plane they may do.
struct Grant {
  std::string principal;  // object id
  DataActions actions;
};

// What a request demands. A batch or bulk request has operations for that: nullopt, like
// everything that no role of the data plane allows (IsDataPlane).
std::optional<DataAction> DemandOf(const Request& request, const ResourcePath& path);

// False: databases, containers, scripts and throughput are changed, and throughput read, by the
// control plane alone.
bool IsDataPlane(const Request& request, const ResourcePath& path);

// 403/5300, as the service words it.
ServiceError NotInDataPlane(const Request& request);

// nullopt when the grant has the action; else 403, with its name: 5301 for metadata, 5302 for
// documents.
std::optional<ServiceError> CheckAction(const Grant& grant, DataAction action,
                                        const ResourcePath& path);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_DATA_ACTIONS_H_
