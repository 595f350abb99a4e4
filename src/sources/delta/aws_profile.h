// The profiles that AWS's own tools keep in ~/.aws, as options of the storage: static credentials,
// region and endpoint. Files and their precedence: AWS SDKs and Tools Reference Guide, "Shared
// config and credentials files".
#ifndef SPILLWAY_SOURCES_DELTA_AWS_PROFILE_H_
#define SPILLWAY_SOURCES_DELTA_AWS_PROFILE_H_

#include "base/status.h"
#include "sources/delta/delta_environment.h"

namespace spillway {

// Adds what the profile AWS_PROFILE, else `default`, says and `options` do not say already; its
// credentials only when they hold none. Does nothing when there is no such file, or no default
// profile. kInvalidArgument: the profile that AWS_PROFILE names does not exist, or gets its
// credentials in a way that needs AWS's own tools (SSO, a process, another role): the hint says
// how.
Status AddAwsProfile(const EnvironmentLookup& lookup, DeltaOptions& options);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_AWS_PROFILE_H_
