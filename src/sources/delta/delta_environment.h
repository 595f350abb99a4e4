// The credentials that people already have in their environment, under the names that the cloud
// vendors' own tools use, as options of the storage.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_ENVIRONMENT_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_ENVIRONMENT_H_

#include "config/process_environment.h"
#include "sources/delta/delta_options.h"

namespace spillway {

// Adds what the environment says for the storage of this location. Does nothing when the options
// already hold anything but limits (timeouts, retries, bytes): credentials are configured here or
// there, never half and half. Fails as AddAwsProfile does.
Status AddStorageFromEnvironment(const EnvironmentLookup& lookup, DeltaOptions& options);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_ENVIRONMENT_H_
