// DeltaOptions: which table, and how to reach its storage. Plain values: no YAML, no environment.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_OPTIONS_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_OPTIONS_H_

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "identity/token_provider.h"

namespace spillway {

struct DeltaOptions {
  // A local folder, or file://, s3:// (s3a://), abfss:// (az://), gs://. Relative paths are
  // relative to the working directory. Never holds credentials.
  std::string root = {};
  // Path of the table below the root; empty: the root is the table. A location of its own (a URL or
  // an absolute path) is allowed only without a root.
  std::string table = {};
  // Credentials, endpoint and limits of the storage, by the keys that the bridge documents
  // (bridge/include/spillway_bridge.h): aws_access_key_id, azure_storage_account_key,
  // google_service_account_key, request_timeout_ms … Values may be secrets: never logged.
  std::map<std::string, std::string> storage = {};
  // Signs in to Azure storage instead of a credential in `storage`.
  TokenUse token = {};
};

// The location of the table: root and table joined. kInvalidArgument when there is none, or when
// the table would leave the root.
Result<std::string> TableLocation(const DeltaOptions& options);

// Whether the location is in Azure storage: abfss://, az:// and their like.
bool IsAzureLocation(std::string_view location);
// Whether `storage` names a key, a signature, or another way to sign in to Azure storage.
bool HasAzureCredential(const DeltaOptions& options);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_OPTIONS_H_
