// HasMember: whether a JSON object says one certain thing, whatever else it says.
#ifndef SPILLWAY_JSON_JSON_MEMBER_H_
#define SPILLWAY_JSON_JSON_MEMBER_H_

#include <string_view>

#include "base/result.h"

namespace spillway {

// Whether the object `json` has a top-level member `name` with this value: a JSON scalar, numbers
// compared as doubles. Cheap for objects in which the name does not occur. kDataLoss when one of
// the two is no JSON.
Result<bool> HasMember(std::string_view json, std::string_view name, std::string_view value);

}  // namespace spillway

#endif  // SPILLWAY_JSON_JSON_MEMBER_H_
