// AdoptVersion: takes a destination that something else has loaded as one that holds a version of
// the table, so that changes go on from there.
#ifndef SPILLWAY_CHANGES_ADOPT_H_
#define SPILLWAY_CHANGES_ADOPT_H_

#include "changes/change_run.h"

namespace spillway {

// Replaces the pipeline's checkpoint; writes nothing to the destination, which must exist. Whether
// it truly holds that version is for `verify` to say. Errors: kLocked, kNotFound (no such version,
// no destination), and what source and state return.
Status AdoptVersion(const LoadParts& parts, const DocumentOptions& documents,
                    const ChangeOptions& options, const VersionSelector& at,
                    const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_ADOPT_H_
