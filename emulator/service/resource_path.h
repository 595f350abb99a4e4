// ResourcePath: a request's target as a resource of the service, and what its signature covers.
#ifndef SPILLWAY_EMULATOR_SERVICE_RESOURCE_PATH_H_
#define SPILLWAY_EMULATOR_SERVICE_RESOURCE_PATH_H_

#include <string>
#include <string_view>

#include "emulator/service/http_message.h"

namespace spillway::emulator {

enum class ResourceKind {
  kAccount,
  kDatabases,
  kDatabase,
  kContainers,
  kContainer,
  kRanges,
  kItems,
  kItem,
  kPartitionKeyDelete,
  kConflicts,
  kOffers,
  kOffer,
  kUnsupported,  // known to the service, left out here: scripts, users, conflicts …
};

struct ResourcePath {
  ResourceKind kind = ResourceKind::kAccount;
  std::string database;  // name or rid, decoded
  std::string container;
  std::string leaf;  // item or offer
  std::string signed_type;
  std::string signed_link;  // for addressing by name
  std::string
      signed_rid;  // the last rid in lower case, for addressing by rid; may be no rid at all
};

// Tolerates doubled and trailing slashes. 400 on broken percent-encoding, 404 on an unknown route.
Outcome<ResourcePath> ParseResourcePath(std::string_view target);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_RESOURCE_PATH_H_
