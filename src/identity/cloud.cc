#include "identity/cloud.h"

#include <array>

#include "base/check.h"

namespace spillway {
namespace {

constexpr std::array<Cloud, 3> kClouds = {{
    {CloudName::kPublic, "public", "https://login.microsoftonline.com",
     "https://management.azure.com", "documents.azure.com", "core.windows.net", "vault.azure.net",
     "https://vault.azure.net"},
    {CloudName::kChina, "china", "https://login.chinacloudapi.cn",
     "https://management.chinacloudapi.cn", "documents.azure.cn", "core.chinacloudapi.cn",
     "vault.azure.cn", "https://vault.azure.cn"},
    {CloudName::kUsGovernment, "us_government", "https://login.microsoftonline.us",
     "https://management.usgovcloudapi.net", "documents.azure.us", "core.usgovcloudapi.net",
     "vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"},
}};

constexpr std::string_view kDefaultScope = "/.default";

bool IsBelow(std::string_view host, std::string_view suffix) {
  return host.size() > suffix.size() && host.ends_with(suffix) &&
         host[host.size() - suffix.size() - 1] == '.';
}

}  // namespace

const Cloud& CloudOf(CloudName name) {
  for (const Cloud& cloud : kClouds) {
    if (cloud.name == name) return cloud;
  }
  SPILLWAY_CHECK(false);
  return kClouds[0];
}

const Cloud& CloudOfHost(std::string_view host) {
  for (const Cloud& cloud : kClouds) {
    if (IsBelow(host, cloud.cosmos_suffix) || IsBelow(host, cloud.storage_suffix) ||
        IsBelow(host, cloud.vault_suffix)) {
      return cloud;
    }
  }
  return kClouds[0];
}

std::string CosmosAudience(const Cloud& cloud, std::string_view host) {
  if (cloud.name == CloudName::kPublic) return "https://cosmos.azure.com";
  return "https://" + std::string(host);
}

std::string ScopeOfAudience(std::string_view audience) {
  if (audience.ends_with(kDefaultScope)) return std::string(audience);
  while (audience.ends_with('/')) audience.remove_suffix(1);
  return std::string(audience).append(kDefaultScope);
}

std::string ResourceOfScope(std::string_view scope) {
  if (scope.ends_with(kDefaultScope)) scope.remove_suffix(kDefaultScope.size());
  return std::string(scope);
}

}  // namespace spillway
