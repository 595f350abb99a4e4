// Cloud: the addresses of Azure's clouds: who gives tokens, and what a token is for.
// Facts: "National clouds" and "Azure endpoints" of the public documentation.
#ifndef SPILLWAY_IDENTITY_CLOUD_H_
#define SPILLWAY_IDENTITY_CLOUD_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace spillway {

enum class CloudName : uint8_t { kPublic, kChina, kUsGovernment };

struct Cloud {
  CloudName name;
  std::string_view word;  // in spillway.yaml
  std::string_view authority;
  std::string_view management;      // Azure Resource Manager, and its audience
  std::string_view cosmos_suffix;   // of account hosts
  std::string_view storage_suffix;  // of account hosts, behind "blob." or "dfs."
  std::string_view vault_suffix;
  std::string_view vault_audience;
};

const Cloud& CloudOf(CloudName name);
// The cloud that a host belongs to by its suffix; the public one when it fits none.
const Cloud& CloudOfHost(std::string_view host);

// Audience of storage accounts in every cloud.
inline constexpr std::string_view kStorageAudience = "https://storage.azure.com";

// What a token for this account is asked for. The public cloud has one audience for all accounts;
// elsewhere it is the account's own address.
std::string CosmosAudience(const Cloud& cloud, std::string_view host);

// "https://cosmos.azure.com" or with a slash to "https://cosmos.azure.com/.default".
std::string ScopeOfAudience(std::string_view audience);
// The reverse, as the older protocols call it: a resource.
std::string ResourceOfScope(std::string_view scope);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_CLOUD_H_
