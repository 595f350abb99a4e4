#include "destinations/cosmosdb/cosmos_account.h"

#include <utility>

#include "destinations/cosmosdb/cosmos_json.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

constexpr std::chrono::minutes kRediscoverAfter{5};
constexpr std::chrono::minutes kUnreachableFor{5};
// While one caller reads the account, the others go on with what is known.
constexpr std::chrono::seconds kClaimFor{2};

}  // namespace

Result<AccountInfo> ParseAccount(std::string_view body) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(body, "the account resource"));
  AccountInfo info;
  if (!json.root().is_object()) return DataLoss("the account resource is no JSON object");
  info.multiple_write_locations = BoolMember(json.root(), "enableMultipleWriteLocations");
  for (const simdjson::dom::element location : ArrayMember(json.root(), "writableLocations")) {
    const Result<Url> url = ParseUrl(StringMember(location, "databaseAccountEndpoint"));
    if (!url.ok()) continue;
    info.writable.push_back({std::string(StringMember(location, "name")), url->Origin()});
  }
  return info;
}

Result<std::unique_ptr<CosmosAccount>> CosmosAccount::Make(const CosmosOptions& options,
                                                           Clock& clock) {
  ASSIGN_OR_RETURN(const Url endpoint, ParseUrl(options.endpoint));
  ASSIGN_OR_RETURN(std::unique_ptr<Authorizer> authorizer, MakeAuthorizer(options, clock));
  return std::unique_ptr<CosmosAccount>(
      new CosmosAccount(options, endpoint.Origin(), std::move(authorizer), clock));
}

CosmosAccount::CosmosAccount(const CosmosOptions& options, std::string home,
                             std::unique_ptr<Authorizer> authorizer, Clock& clock)
    : options_(options),
      home_(std::move(home)),
      authorizer_(std::move(authorizer)),
      clock_(clock),
      discover_at_(clock.Now()) {}

Endpoint CosmosAccount::Current() const {
  std::lock_guard lock(mutex_);
  if (info_.writable.empty()) return {home_, false};
  if (!info_.multiple_write_locations) return {info_.writable.front().endpoint, false};
  for (const std::string& preferred : options_.preferred_regions) {
    for (const AccountRegion& region : info_.writable) {
      if (region.name == preferred && !IsUnreachable(region.endpoint))
        return {region.endpoint, true};
    }
  }
  for (const AccountRegion& region : info_.writable) {
    if (!IsUnreachable(region.endpoint)) return {region.endpoint, true};
  }
  return {info_.writable.front().endpoint, true};
}

bool CosmosAccount::is_known() const {
  std::lock_guard lock(mutex_);
  return !info_.writable.empty();
}

bool CosmosAccount::ClaimDiscovery() {
  if (!options_.discover_regions) return false;
  std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.Now();
  if (now < discover_at_) return false;
  // Until a first answer is there, nobody may go on without one.
  if (!info_.writable.empty()) discover_at_ = now + kClaimFor;
  return true;
}

void CosmosAccount::Install(AccountInfo info) {
  std::lock_guard lock(mutex_);
  // A region that was just removed answers with empty lists; the old ones are better than none.
  if (!info.writable.empty()) info_ = std::move(info);
  discover_at_ = clock_.Now() + kRediscoverAfter;
}

void CosmosAccount::MarkStale() {
  std::lock_guard lock(mutex_);
  discover_at_ = clock_.Now();
}

void CosmosAccount::MarkUnreachable(const std::string& origin) {
  std::lock_guard lock(mutex_);
  unreachable_until_[origin] = clock_.Now() + kUnreachableFor;
  discover_at_ = clock_.Now();
}

bool CosmosAccount::IsUnreachable(const std::string& origin) const {
  const auto found = unreachable_until_.find(origin);
  return found != unreachable_until_.end() && clock_.Now() < found->second;
}

}  // namespace spillway::cosmosdb
