#include "sources/delta/delta_environment.h"

#include <set>
#include <span>
#include <string_view>

#include "sources/delta/aws_profile.h"

namespace spillway {
namespace {

struct Variable {
  const char* name;
  const char* option;
};

// The first variable that is set wins where two fill one option.
constexpr Variable kAwsVariables[] = {
    {"AWS_ACCESS_KEY_ID", "aws_access_key_id"},
    {"AWS_SECRET_ACCESS_KEY", "aws_secret_access_key"},
    {"AWS_SESSION_TOKEN", "aws_session_token"},
    {"AWS_REGION", "aws_region"},
    {"AWS_DEFAULT_REGION", "aws_region"},
    {"AWS_ENDPOINT_URL_S3", "aws_endpoint"},
    {"AWS_ENDPOINT_URL", "aws_endpoint"},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", "aws_web_identity_token_file"},
    {"AWS_ROLE_ARN", "aws_role_arn"},
    {"AWS_ROLE_SESSION_NAME", "aws_role_session_name"},
    {"AWS_ENDPOINT_URL_STS", "aws_endpoint_url_sts"},
    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "aws_container_credentials_relative_uri"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "aws_container_credentials_full_uri"},
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "aws_container_authorization_token_file"},
    {"AWS_SKIP_SIGNATURE", "aws_skip_signature"},
};

// Who we are stands in identity/: it signs in to every service of Azure.
constexpr Variable kAzureVariables[] = {
    {"AZURE_STORAGE_ACCOUNT_NAME", "azure_storage_account_name"},
    {"AZURE_STORAGE_ACCOUNT", "azure_storage_account_name"},
    {"AZURE_STORAGE_ACCOUNT_KEY", "azure_storage_account_key"},
    {"AZURE_STORAGE_KEY", "azure_storage_account_key"},
    {"AZURE_STORAGE_SAS_TOKEN", "azure_storage_sas_key"},
    {"AZURE_STORAGE_SAS_KEY", "azure_storage_sas_key"},
    {"AZURE_STORAGE_TOKEN", "azure_storage_token"},
    {"AZURE_STORAGE_ENDPOINT", "azure_storage_endpoint"},
};

constexpr Variable kGoogleVariables[] = {
    {"GOOGLE_SERVICE_ACCOUNT_KEY", "google_service_account_key"},
    {"GOOGLE_SERVICE_ACCOUNT", "google_service_account"},
    {"GOOGLE_APPLICATION_CREDENTIALS", "google_application_credentials"},
    {"GOOGLE_SKIP_SIGNATURE", "google_skip_signature"},
};

const std::set<std::string_view> kLimitOptions = {"connect_timeout_ms", "request_timeout_ms",
                                                  "retries_max", "retry_timeout_ms",
                                                  "remote_bytes_max"};

void Add(const EnvironmentLookup& lookup, std::span<const Variable> variables,
         DeltaOptions& options) {
  for (const Variable& variable : variables) {
    std::optional<std::string> value = lookup(variable.name);
    if (value.has_value() && !value->empty()) {
      options.storage.emplace(variable.option, *std::move(value));
    }
  }
}

// The variable that Google's client libraries know: a host, with or without a scheme, of a server
// that asks for no credentials.
void AddGoogleEmulator(const EnvironmentLookup& lookup, DeltaOptions& options) {
  const std::optional<std::string> host = lookup("STORAGE_EMULATOR_HOST");
  if (!host.has_value() || host->empty()) return;
  const bool has_scheme = host->find("://") != std::string::npos;
  options.storage.emplace("google_base_url", has_scheme ? *host : "http://" + *host);
  options.storage.emplace("google_skip_signature", "true");
}

}  // namespace

Status AddStorageFromEnvironment(const EnvironmentLookup& lookup, DeltaOptions& options) {
  for (const auto& [key, value] : options.storage) {
    if (!kLimitOptions.contains(key)) return Status::Ok();
  }
  const Result<std::string> location = TableLocation(options);
  if (!location.ok()) return Status::Ok();  // opening it says why
  const std::string_view scheme = std::string_view(*location).substr(0, location->find("://"));
  if (scheme == "s3" || scheme == "s3a") {
    Add(lookup, kAwsVariables, options);
    return AddAwsProfile(lookup, options);
  }
  if (IsAzureLocation(*location)) {
    Add(lookup, kAzureVariables, options);
  } else if (scheme == "gs") {
    Add(lookup, kGoogleVariables, options);
    AddGoogleEmulator(lookup, options);
  }
  return Status::Ok();
}

}  // namespace spillway
