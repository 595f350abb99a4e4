// Authorization of Cosmos DB requests: master-key signatures, or Microsoft Entra ID tokens.
// Facts: REST documentation "Access control in the Azure Cosmos DB SQL API".
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_AUTH_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_AUTH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/result.h"
#include "destinations/cosmosdb/cosmos_options.h"

namespace spillway::cosmosdb {

// What a signature covers.
struct SignedParts {
  std::string_view verb;           // "GET"; any case
  std::string_view resource_type;  // "docs", "colls" …; empty for the account
  // "dbs/d/colls/c", not percent-encoded, case kept. For an offer its RID in lower case.
  std::string_view resource_link;
  std::string_view date;  // exactly as in the header x-ms-date
};

struct Authorization {
  std::string header;       // the value of `authorization`
  uint64_t generation = 0;  // of the key or token behind it; a later one has a higher number
};

// Thread-safe.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Result<Authorization> Authorize(const SignedParts& parts,
                                          const CallContext& ctx) const = 0;
  // True when the value depends on nothing but the parts and the generation, so that it may be used
  // again.
  virtual bool is_repeatable() const = 0;
  // REQUIRES: is_repeatable. What Authorize would use now.
  virtual uint64_t generation() const = 0;
  // The service refused what was signed in this generation. True: there is a later one by now, so
  // that the request is worth sending again. Fails as fetching a key or a token does.
  virtual Result<bool> Renew(uint64_t generation, const CallContext& ctx) const = 0;
};

// By the options' token, or else by their key. `clock` outlives it. kInvalidArgument: the key is
// not base64.
Result<std::unique_ptr<Authorizer>> MakeAuthorizer(const CosmosOptions& options, Clock& clock);

// base64(HMAC-SHA256(key, text of the parts)). `key` is the decoded key.
std::string MasterKeySignature(std::string_view key, const SignedParts& parts);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_AUTH_H_
