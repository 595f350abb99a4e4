// The spillway.yaml that `init` writes: working values for the local server, every other key as a
// comment with its default and what it does. Generated from the specs, so it cannot go stale.
#ifndef SPILLWAY_APP_SCAFFOLD_H_
#define SPILLWAY_APP_SCAFFOLD_H_

#include <string>

namespace spillway {

std::string ProjectScaffold();

}  // namespace spillway

#endif  // SPILLWAY_APP_SCAFFOLD_H_
