// The environment, as a function: read in one place, and replaced by tests.
#ifndef SPILLWAY_CONFIG_PROCESS_ENVIRONMENT_H_
#define SPILLWAY_CONFIG_PROCESS_ENVIRONMENT_H_

#include <functional>
#include <optional>
#include <string>

namespace spillway {

// nullopt: not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const char* name)>;

// Of this process.
EnvironmentLookup ProcessEnvironment();

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_PROCESS_ENVIRONMENT_H_
