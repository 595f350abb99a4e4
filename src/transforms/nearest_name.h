// Suggests a known name for a mistyped one.
#ifndef SPILLWAY_TRANSFORMS_NEAREST_NAME_H_
#define SPILLWAY_TRANSFORMS_NEAREST_NAME_H_

#include <string>
#include <string_view>
#include <vector>

namespace spillway {

// "; did you mean \"price\"?" when one of `known` is near (letter case apart, at most a third of
// the letters differ), else "".
std::string DidYouMean(std::string_view name, const std::vector<std::string>& known);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_NEAREST_NAME_H_
