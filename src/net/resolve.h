// ResolveHost: what a name stands for, for people who look for the broken link.
#ifndef SPILLWAY_NET_RESOLVE_H_
#define SPILLWAY_NET_RESOLVE_H_

#include <string>

#include "base/result.h"

namespace spillway {

// The first address of a host, as text. Blocks as long as the system's resolver does (some 10 s).
// kUnavailable: the name is not known, or nobody answers.
Result<std::string> ResolveHost(const std::string& host);

}  // namespace spillway

#endif  // SPILLWAY_NET_RESOLVE_H_
