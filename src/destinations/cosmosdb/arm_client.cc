#include "destinations/cosmosdb/arm_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "destinations/cosmosdb/cosmos_json.h"
#include "identity/token_client.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

using std::chrono::seconds;

constexpr char kApiVersion[] = "2024-11-15";
constexpr char kSettings[] = "/throughputSettings/default";
constexpr seconds kPollWait{5};
constexpr seconds kPollWaitMax{60};

// How long the other side wants us to wait before we look again.
seconds PollWait(const HttpHeaders& headers) {
  const std::optional<uint32_t> count = WholeNumber(headers.Find("retry-after"));
  return count.has_value() ? std::min(seconds(*count), kPollWaitMax) : kPollWait;
}

void WriteThroughput(JsonWriter& json, const Throughput& throughput) {
  if (throughput.manual) json.Field("throughput", *throughput.manual);
  if (!throughput.autoscale_max) return;
  json.Key("autoscaleSettings").BeginObject();
  json.Field("maxThroughput", *throughput.autoscale_max).EndObject();
}

std::string ResourceBody(std::string_view resource, const Throughput& throughput) {
  JsonWriter json;
  json.BeginObject().Key("properties").BeginObject();
  json.Key("resource").Raw(resource);
  json.Key("options").BeginObject();
  WriteThroughput(json, throughput);
  json.EndObject().EndObject().EndObject();
  return json.text();
}

Status RefusalOf(const HttpResponse& response, const ArmOptions& arm) {
  const std::string message =
      fmt::format("Azure Resource Manager, account {} in resource group {}: {} {}", arm.account,
                  arm.resource_group, response.status, ParseRefusal(response.body).message);
  switch (response.status) {
    case 401:
      return Unauthenticated(message).WithHint("check `cloud`, and that the token is not too old");
    case 403:
      return PermissionDenied(message).WithHint(
          fmt::format("the identity needs a role there: az role assignment create --role \"Cosmos "
                      "DB Operator\" "
                      "--assignee CLIENT_ID --scope /subscriptions/{}/resourceGroups/{}/providers/"
                      "Microsoft.DocumentDB/databaseAccounts/{}",
                      arm.subscription, arm.resource_group, arm.account));
    case 404:
      return NotFound(message).WithHint("check `arm`: subscription, resource_group and account");
    case 409:
    case 412:
      return Conflict(message);
    default:
      return InvalidArgument(message);
  }
}

uint32_t UnitsIn(const simdjson::dom::element& object, std::string_view name) {
  return static_cast<uint32_t>(std::clamp<int64_t>(IntMember(object, name), 0, UINT32_MAX));
}

// What is a number or a flag elsewhere is a string here: "400", "true".
Result<std::optional<TunedOffer>> ParseSettings(std::string_view body) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(body, "the throughput settings"));
  simdjson::dom::element resource;
  if (json.root().at_pointer("/properties/resource").get(resource) != simdjson::SUCCESS) {
    return DataLoss("the throughput settings hold no resource");
  }
  TunedOffer offer;
  offer.state.now.units_per_second = UnitsIn(resource, "throughput");
  simdjson::dom::element autoscale;
  if (resource["autoscaleSettings"].get(autoscale) == simdjson::SUCCESS && autoscale.is_object()) {
    offer.state.now = {true, UnitsIn(autoscale, "maxThroughput")};
  }
  offer.state.units_min = WholeNumber(StringMember(resource, "minimumThroughput"));
  offer.state.change_pending = StringMember(resource, "offerReplacePending") == "true";
  simdjson::dom::array buckets;
  if (resource["throughputBuckets"].get(buckets) == simdjson::SUCCESS) {
    offer.buckets.emplace();
    for (const simdjson::dom::element bucket : buckets) {
      offer.buckets->push_back(UnitsIn(bucket, "id"));
    }
  }
  return std::optional(std::move(offer));
}

}  // namespace

std::string ArmClient::DatabasePath() const {
  return fmt::format(
      "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.DocumentDB/databaseAccounts/{}"
      "/sqlDatabases/{}",
      PercentEncode(arm_.subscription), PercentEncode(arm_.resource_group),
      PercentEncode(arm_.account), PercentEncode(options_.database));
}

std::string ArmClient::ContainerPath() const {
  return DatabasePath() + "/containers/" + PercentEncode(options_.container);
}

Result<HttpResponse> ArmClient::Send(HttpMethod method, const std::string& url,
                                     const std::string& body, const CallContext& ctx) const {
  for (bool renewed = false;; renewed = true) {
    ASSIGN_OR_RETURN(const GivenToken token, arm_.token.provider->Get(arm_.token.scope, ctx));
    HttpRequest request{.method = method,
                        .url = url,
                        .headers = {{"authorization", "Bearer " + token.text},
                                    {"accept", "application/json"},
                                    {"content-type", "application/json"}},
                        .body = body,
                        .repeatable = true};  // what we PUT is the same when it comes twice
    ASSIGN_OR_RETURN(TokenAnswer answer,
                     SendPatiently(transports_, request, "Azure Resource Manager", clock_, ctx));
    if (answer.response.status != 401 || renewed) return std::move(answer.response);
    ASSIGN_OR_RETURN(const bool later,
                     arm_.token.provider->Renew(arm_.token.scope, token.generation, ctx));
    if (!later) return std::move(answer.response);
  }
}

Result<HttpResponse> ArmClient::Ask(HttpMethod method, const std::string& path,
                                    const std::string& body, const CallContext& ctx) const {
  return Send(method, fmt::format("{}{}?api-version={}", arm_.endpoint, path, kApiVersion), body,
              ctx);
}

Status ArmClient::Do(HttpMethod method, const std::string& path, const std::string& body,
                     const CallContext& ctx, std::chrono::minutes time_max) const {
  ASSIGN_OR_RETURN(HttpResponse response, Ask(method, path, body, ctx));
  if (response.status >= 300) return RefusalOf(response, arm_);
  return WaitForEnd(std::move(response), time_max, ctx);
}

// "Azure-AsyncOperation" tells the status in a body; "Location" by 202 until it is another.
Status ArmClient::WaitForEnd(HttpResponse accepted, std::chrono::minutes time_max,
                             const CallContext& ctx) const {
  const std::string operation(accepted.headers.Find("azure-asyncoperation"));
  const std::string location(accepted.headers.Find("location"));
  const std::string& url = operation.empty() ? location : operation;
  if (url.empty() || (operation.empty() && accepted.status != 202)) return Status::Ok();
  // The token goes to the same place, or nowhere.
  const Result<Url> asked = ParseUrl(url);
  if (!asked.ok() || asked->Origin() != ParseUrl(arm_.endpoint)->Origin()) {
    return DataLoss("Azure Resource Manager sends us elsewhere to ask how its operation goes");
  }
  const SteadyTime until = clock_.Now() + time_max;
  seconds wait = PollWait(accepted.headers);
  while (clock_.Now() + wait < std::min(until, ctx.deadline)) {
    if (!clock_.WaitFor(wait, ctx.stop)) return Cancelled("stopped on request");
    ASSIGN_OR_RETURN(const HttpResponse response, Send(HttpMethod::kGet, url, "", ctx));
    if (response.status >= 300) return RefusalOf(response, arm_);
    wait = PollWait(response.headers);
    if (operation.empty()) {
      if (response.status != 202) return Status::Ok();
      continue;
    }
    ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(response.body, "the operation"));
    const std::string_view status = StringMember(json.root(), "status");
    if (status == "Succeeded") return Status::Ok();
    if (status == "Failed" || status == "Canceled") return RefusalOf(response, arm_);
  }
  return Unavailable("an operation of Azure Resource Manager has not ended yet")
      .WithHint("run again later: it goes on without us");
}

Status ArmClient::CreateDatabase(const CallContext& ctx) const {
  JsonWriter resource;
  resource.BeginObject().Field("id", options_.database).EndObject();
  return Do(HttpMethod::kPut, DatabasePath(), ResourceBody(resource.text(), {}), ctx);
}

Status ArmClient::CreateContainer(std::string_view definition, const Throughput& throughput,
                                  const CallContext& ctx) const {
  return Do(HttpMethod::kPut, ContainerPath(), ResourceBody(definition, throughput), ctx);
}

Status ArmClient::Delete(const std::string& path, const CallContext& ctx) const {
  Status deleted = Do(HttpMethod::kDelete, path, "", ctx);
  return deleted.code() == StatusCode::kNotFound ? Status::Ok() : deleted;
}

Status ArmClient::DeleteContainer(const CallContext& ctx) const {
  return Delete(ContainerPath(), ctx);
}

Status ArmClient::DeleteDatabase(const CallContext& ctx) const {
  return Delete(DatabasePath(), ctx);
}

Result<std::vector<ListedContainer>> ArmClient::ListContainers(const CallContext& ctx) const {
  std::vector<ListedContainer> listed;
  ASSIGN_OR_RETURN(const HttpResponse response,
                   Ask(HttpMethod::kGet, DatabasePath() + "/containers", "", ctx));
  if (response.status == 404) return listed;
  if (response.status >= 300) return RefusalOf(response, arm_);
  ASSIGN_OR_RETURN(const JsonDocument json,
                   JsonDocument::Parse(response.body, "the list of containers"));
  for (const simdjson::dom::element container : ArrayMember(json.root(), "value")) {
    simdjson::dom::element resource;
    if (container.at_pointer("/properties/resource").get(resource) != simdjson::SUCCESS) continue;
    listed.push_back({std::string(StringMember(resource, "id")), IntMember(resource, "_ts")});
  }
  return listed;
}

Result<std::optional<TunedOffer>> ArmClient::ReadContainerOffer(const CallContext& ctx) const {
  return ReadSettings(ContainerPath(), ctx);
}

Result<std::optional<TunedOffer>> ArmClient::ReadDatabaseOffer(const CallContext& ctx) const {
  return ReadSettings(DatabasePath(), ctx);
}

// 404: none of its own. 400: the account is serverless.
Result<std::optional<TunedOffer>> ArmClient::ReadSettings(const std::string& of,
                                                          const CallContext& ctx) const {
  ASSIGN_OR_RETURN(const HttpResponse response, Ask(HttpMethod::kGet, of + kSettings, "", ctx));
  if (response.status == 404 || response.status == 400) return std::optional<TunedOffer>();
  if (response.status >= 300) return RefusalOf(response, arm_);
  return ParseSettings(response.body);
}

Status ArmClient::MigrateThroughput(bool to_autoscale, const CallContext& ctx) const {
  const char* const migrate = to_autoscale ? "/migrateToAutoscale" : "/migrateToManualThroughput";
  return Do(HttpMethod::kPost, ContainerPath() + kSettings + migrate, "", ctx,
            kArmThroughputTimeMax);
}

Status ArmClient::SetThroughput(const ProvisionedThroughput& wanted, const CallContext& ctx) const {
  Throughput throughput;
  (wanted.autoscale ? throughput.autoscale_max : throughput.manual) = wanted.units_per_second;
  JsonWriter json;
  json.BeginObject().Key("properties").BeginObject().Key("resource").BeginObject();
  WriteThroughput(json, throughput);
  json.EndObject().EndObject().EndObject();
  return Do(HttpMethod::kPut, ContainerPath() + kSettings, json.text(), ctx, kArmThroughputTimeMax);
}

Result<std::string> ArmClient::ReadContainer(const CallContext& ctx) const {
  ASSIGN_OR_RETURN(const HttpResponse response, Ask(HttpMethod::kGet, ContainerPath(), "", ctx));
  if (response.status >= 300) return RefusalOf(response, arm_);
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(response.body, "the container"));
  simdjson::dom::element resource;
  if (json.root().at_pointer("/properties/resource").get(resource) != simdjson::SUCCESS) {
    return DataLoss("Azure Resource Manager shows a container without its resource");
  }
  return simdjson::minify(resource);
}

Status ArmClient::ReplaceContainer(std::string_view resource, const CallContext& ctx) const {
  return Do(HttpMethod::kPut, ContainerPath(), ResourceBody(resource, {}), ctx);
}

std::string CreateContainerCommand(const CosmosOptions& options) {
  std::string command = fmt::format(
      "az cosmosdb sql container create --account-name {} --resource-group {} --database-name {} "
      "--name {} --partition-key-path {}",
      options.arm ? options.arm->account : "ACCOUNT",
      options.arm ? options.arm->resource_group : "GROUP", options.database, options.container,
      fmt::join(options.partition_key, " "));
  if (!options.create) return command;
  const Throughput& throughput = options.create->throughput;
  if (throughput.manual) command += fmt::format(" --throughput {}", *throughput.manual);
  if (throughput.autoscale_max) {
    command += fmt::format(" --max-throughput {}", *throughput.autoscale_max);
  }
  return command;
}

Status OnlyTheControlPlaneCreates(const CosmosOptions& options, std::string_view what) {
  std::string command = CreateContainerCommand(options);
  if (what == "database") {
    command = fmt::format(
        "az cosmosdb sql database create --account-name ACCOUNT --resource-group GROUP --name {} "
        "&& {}",
        options.database, command);
  }
  return PermissionDenied(fmt::format("the {} is not there, and who signs in with Entra ID cannot "
                                      "create it through the data plane",
                                      what))
      .WithHint(
          "name the account in the connection (`arm: {subscription: …, resource_group: …}`), "
          "or run: " +
          command);
}

}  // namespace spillway::cosmosdb
