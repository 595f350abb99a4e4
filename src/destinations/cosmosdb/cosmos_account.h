// CosmosAccount: what all conversations with one account share: how requests are signed, and which
// region's endpoint takes them. Facts: the account resource and the endpoint rules of the public
// SDKs.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_ACCOUNT_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_ACCOUNT_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "destinations/cosmosdb/cosmos_auth.h"
#include "destinations/cosmosdb/cosmos_options.h"

namespace spillway::cosmosdb {

struct AccountRegion {
  std::string name;      // "West Europe"
  std::string endpoint;  // an origin: "https://contoso-westeurope.documents.azure.com:443"
};

struct AccountInfo {
  std::vector<AccountRegion> writable;
  bool multiple_write_locations = false;
};

// kDataLoss when the body is no account resource.
Result<AccountInfo> ParseAccount(std::string_view body);

// Where the next request goes.
struct Endpoint {
  std::string origin;
  bool tentative_writes = false;  // an account with several write regions: writes need the header
};

// Thread-safe.
class CosmosAccount {
 public:
  // `clock` outlives it. kInvalidArgument: an unusable endpoint or key.
  static Result<std::unique_ptr<CosmosAccount>> Make(const CosmosOptions& options, Clock& clock);

  // The write region's endpoint for reads too: what was written is seen there first.
  Endpoint Current() const;
  // The endpoint that the user gave: the one to ask about the account.
  const std::string& home() const { return home_; }

  // False until an answer about the account was installed.
  bool is_known() const;
  // True when the caller should read the account now: nothing is known, or it is too old, and
  // nobody else was told so in the last moment.
  bool ClaimDiscovery();
  void Install(AccountInfo info);
  // The service or the network says that the endpoint is not the right one (any more).
  void MarkStale();
  void MarkUnreachable(const std::string& origin);

  const Authorizer& authorizer() const { return *authorizer_; }
  const CosmosOptions& options() const { return options_; }
  Clock& clock() const { return clock_; }

 private:
  CosmosAccount(const CosmosOptions& options, std::string home,
                std::unique_ptr<Authorizer> authorizer, Clock& clock);
  bool IsUnreachable(const std::string& origin) const;

  const CosmosOptions options_;
  const std::string home_;
  const std::unique_ptr<Authorizer> authorizer_;
  Clock& clock_;
  mutable std::mutex mutex_;
  AccountInfo info_;
  SteadyTime discover_at_;
  std::map<std::string, SteadyTime> unreachable_until_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_ACCOUNT_H_
