// The handlers: one function for each kind of resource, from a request that is routed and
// authorised to its reply. Thread-safe; state is the account's.
#ifndef SPILLWAY_EMULATOR_SERVICE_HANDLERS_H_
#define SPILLWAY_EMULATOR_SERVICE_HANDLERS_H_

#include <memory>
#include <shared_mutex>
#include <string>

#include "emulator/service/data_actions.h"
#include "emulator/service/fault_rules.h"
#include "emulator/service/http_message.h"
#include "emulator/service/options.h"
#include "emulator/service/resource_path.h"
#include "emulator/store/account.h"

namespace spillway::emulator {

struct Context {
  const Request& request;
  const ResourcePath& path;
  Account& account;
  const ServerOptions& options;
  FaultRules& faults;
  const Grant* grant = nullptr;  // nullptr: the account key, which may do everything
};

Reply HandleAccount(const Context& context);
Reply HandleDatabases(const Context& context);  // the feed: create, list, query
Reply HandleDatabase(const Context& context);
Reply HandleContainers(const Context& context);
Reply HandleContainer(const Context& context);
Reply HandleRanges(const Context& context);
Reply HandleOffers(const Context& context);
Reply HandleOffer(const Context& context);
Reply HandleItems(const Context& context);  // create, upsert, batch, bulk, query, feeds
Reply HandleItem(const Context& context);
Reply HandleItemFeed(const Context& context);
Reply HandleQuery(const Context& context);
Reply HandleQueryPlan(const Context& context);
Reply HandleBatch(const Context& context);
Reply HandlePartitionKeyDelete(const Context& context);
Reply HandleConflicts(const Context& context);  // with one region there are none

// The container that a request names, with its topology held for reading.
struct ContainerTarget {
  std::shared_ptr<Container> container;
  std::string name;       // "database/container"
  std::string name_path;  // "dbs/database/colls/container"
  bool by_rid = false;
  bool takes_vector_tokens = true;  // the client understands session tokens with versions
  std::shared_lock<std::shared_mutex> topology;
};
// 404/1003 when the database or container is missing.
Outcome<ContainerTarget> FindTarget(const Context& context);

// The range that the header x-ms-documentdb-partitionkeyrangeid names, as "0" or "<container
// rid>,0"; nullptr when there is no such header, 410/1002 when that range is gone.
Outcome<Partition*> FindRequestRange(const Request& request, const Container& container);

// Records changed definitions; 503 when that fails. REQUIRES: the account's mutex.
std::optional<ServiceError> SaveCatalog(const Account& account);

Reply MethodNotAllowed();
// What a query over several ranges is told that did not ask for one.
inline constexpr std::string_view kCrossPartitionDisabled =
    "Cross partition query is required but disabled. Please set "
    "x-ms-documentdb-query-enablecrosspartition to true, specify x-ms-documentdb-partitionkey, or "
    "revise your query to avoid this exception.";
// {"_rid":…,"<name>":[…],"_count":n} and x-ms-item-count.
Reply FeedReply(std::string_view rid, std::string_view name, const std::vector<std::string>& items);
// A page of definitions (JSON texts), or what a query finds in them.
Reply DefinitionFeed(const Context& context, std::string_view rid, std::string_view name,
                     std::vector<std::string> items);
// True if a page of `rows` rows and `bytes` bytes can take a row of `more` bytes and still be an
// answer of at most kAnswerBytesMax. The first row always fits.
inline constexpr size_t kAnswerBytesMax = 4 * 1024 * 1024;
bool PageHasRoom(size_t rows, size_t bytes, size_t more);
// x-ms-max-item-count; `fallback` when absent or -1.
size_t PageSize(const Request& request, size_t fallback);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_HANDLERS_H_
