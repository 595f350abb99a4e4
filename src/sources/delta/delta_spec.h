// The keys of a `delta` connection and of a pipeline's source there, as spillway.yaml has them.
// connectors.cc turns them into DeltaOptions, secrets fetched.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_SPEC_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_SPEC_H_

#include <map>
#include <optional>
#include <string>

#include "config/spec.h"
#include "identity/identity_spec.h"

namespace spillway::delta {

// Plain text, or where a secret is.
struct StorageOption {
  std::string text;
  SecretReference secret;
};

struct DeltaConnection {
  std::string root;
  AuthSection auth;
  std::optional<CloudName> cloud;
  std::map<std::string, StorageOption> options;
};

struct DeltaTable {
  std::string table;
};

const Spec<DeltaConnection>& DeltaConnectionSpec();
const Spec<DeltaTable>& DeltaTableSpec();

}  // namespace spillway::delta

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_SPEC_H_
