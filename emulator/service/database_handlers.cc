// The account document and databases.
#include <mutex>

#include "emulator/json/value.h"
#include "emulator/service/charges.h"
#include "emulator/service/handlers.h"
#include "emulator/service/query_request.h"
#include "emulator/service/throughput.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr std::string_view kRegion = "South Central US";
constexpr std::string_view kAccountId = "localhost";

// What clients may ask of the query engine; they send it back to nobody but read its limits.
constexpr std::string_view kQueryEngineConfiguration =
    R"({"maxSqlQueryInputLength":262144,"maxJoinsPerSqlQuery":5,"maxLogicalAndPerSqlQuery":2000,)"
    R"("maxLogicalOrPerSqlQuery":2000,"maxUdfRefPerSqlQuery":10,"maxInExpressionItemsCount":16000,)"
    R"("queryMaxInMemorySortDocumentCount":500,"maxQueryRequestTimeoutFraction":0.9,)"
    R"("sqlAllowNonFiniteNumbers":false,"sqlAllowAggregateFunctions":true,"sqlAllowSubQuery":true,)"
    R"("sqlAllowScalarSubQuery":true,"allowNewKeywords":true,"sqlAllowLike":true,)"
    R"("sqlAllowGroupByClause":true,"maxSpatialQueryCells":12,"spatialMaxGeometryPointCount":256,)"
    R"("sqlDisableQueryILOptimization":false,"sqlDisableFilterPlanOptimization":false,)"
    R"("sqlAllowTop":true,"enableSpatialIndexing":true})";

Value Location(const Request& request) {
  Value location{Object{}};
  const std::string_view host = request.Header("host");
  location.Set("name", kRegion);
  location.Set("databaseAccountEndpoint",
               std::string(request.secure ? "https://" : "http://") + std::string(host) + "/");
  return location;
}

Value Members(std::initializer_list<std::pair<const char*, Value>> members) {
  Value object{Object{}};
  for (const auto& [name, value] : members) object.Set(name, value);
  return object;
}

std::string DatabaseJson(const Database& database) {
  return ToJson(Members({{"id", database.id},
                         {"_rid", RidText(database.rid)},
                         {"_self", database.self},
                         {"_etag", EtagText(database.version, database.timestamp)},
                         {"_colls", "colls/"},
                         {"_users", "users/"},
                         {"_ts", static_cast<double>(database.timestamp)}}));
}

Reply DatabaseReply(const Database& database, int status) {
  Reply reply;
  reply.status = status;
  reply.body = DatabaseJson(database);
  reply.Set("etag", EtagText(database.version, database.timestamp));
  return reply;
}

Reply CreateDatabase(const Context& context) {
  const Result<Value> body = ParseJson(context.request.body);
  if (!body.ok() || !body->is_object() || !(*body)["id"].is_string()) {
    return BadRequest("The database definition must be a JSON object with a string 'id'.");
  }
  // Names of databases follow the same rules as names of containers.
  Value probe{Object{}};
  probe.Set("id", (*body)["id"]);
  const auto checked = ContainerSettings::Make(std::move(probe));
  if (!checked.ok()) return BadRequest(std::string(checked.status().message()));
  EMULATOR_TRY(const std::optional<Throughput> throughput, RequestedThroughput(context.request));
  std::unique_lock lock(context.account.mutex);
  if (context.account.databases().contains((*body)["id"].string())) {
    ServiceError error;
    error.status = 409;
    error.message = "Resource with specified id, name, or unique index already exists.";
    return error;
  }
  const auto database = context.account.AddDatabase((*body)["id"].string());
  if (throughput) {
    context.account.AddOffer(database->self, RidText(database->rid), *throughput);
    ApplyThroughput(context.account, context.options, database.get());
  }
  EMULATOR_CHECK(SaveCatalog(context.account));
  Reply reply = DatabaseReply(*database, 201);
  reply.Set("x-ms-request-charge", ChargeText(charges::kDefinitionWrite));
  return reply;
}

}  // namespace

Reply HandleAccount(const Context& context) {
  if (context.request.method != "GET") return MethodNotAllowed();
  Reply reply;
  const Value location = Location(context.request);
  reply.body = ToJson(Members({
      {"_self", ""},
      {"id", kAccountId},
      {"_rid", "localhost"},
      {"media", "//media/"},
      {"addresses", "//addresses/"},
      {"_dbs", "//dbs/"},
      {"writableLocations", Array{location}},
      {"readableLocations", Array{location}},
      {"enableMultipleWriteLocations", false},
      {"continuousBackupEnabled", false},
      {"enableNRegionSynchronousCommit", false},
      {"enablePerPartitionFailoverBehavior", false},
      {"userReplicationPolicy",
       Members({{"asyncReplication", false}, {"minReplicaSetSize", 1}, {"maxReplicasetSize", 4}})},
      {"userConsistencyPolicy", Members({{"defaultConsistencyLevel", "Session"}})},
      {"systemReplicationPolicy", Members({{"minReplicaSetSize", 1}, {"maxReplicasetSize", 4}})},
      {"readPolicy", Members({{"primaryReadCoefficient", 1}, {"secondaryReadCoefficient", 1}})},
      {"queryEngineConfiguration", kQueryEngineConfiguration},
  }));
  return reply;
}

Reply HandleDatabases(const Context& context) {
  if (context.request.method == "POST" && !IsQuery(context.request)) {
    return CreateDatabase(context);
  }
  if (context.request.method != "GET" && context.request.method != "POST") {
    return MethodNotAllowed();
  }
  std::vector<std::string> items;
  {
    std::shared_lock lock(context.account.mutex);
    for (const auto& [id, database] : context.account.databases()) {
      items.push_back(DatabaseJson(*database));
    }
  }
  return DefinitionFeed(context, "", "Databases", std::move(items));
}

Reply HandleDatabase(const Context& context) {
  bool by_rid = false;
  if (context.request.method == "GET") {
    std::shared_lock lock(context.account.mutex);
    const auto database = context.account.FindDatabase(context.path.database, &by_rid);
    return database ? DatabaseReply(*database, 200) : Reply(NotFoundError());
  }
  if (context.request.method != "DELETE") return MethodNotAllowed();
  std::unique_lock lock(context.account.mutex);
  const auto database = context.account.FindDatabase(context.path.database, &by_rid);
  if (database == nullptr) return NotFoundError();
  context.account.RemoveDatabase(*database);
  EMULATOR_CHECK(SaveCatalog(context.account));
  Reply reply;
  reply.status = 204;
  reply.Set("x-ms-request-charge", ChargeText(charges::kDefinitionWrite));
  return reply;
}

}  // namespace spillway::emulator
