// CountMembers: how many members a JSON object has at its top, without parsing it.
#ifndef SPILLWAY_JSON_MEMBER_COUNT_H_
#define SPILLWAY_JSON_MEMBER_COUNT_H_

#include <cstdint>
#include <string_view>

namespace spillway {

// REQUIRES: `json` is a JSON object; of anything else the number means nothing.
uint32_t CountMembers(std::string_view json);

}  // namespace spillway

#endif  // SPILLWAY_JSON_MEMBER_COUNT_H_
