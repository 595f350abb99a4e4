#include "json/member_count.h"

namespace spillway {

// Every member of the top, and nothing else there, has a colon.
uint32_t CountMembers(std::string_view json) {
  uint32_t count = 0;
  uint32_t depth = 0;
  bool in_string = false;
  for (size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c == ':' && depth == 1) ++count;
  }
  return count;
}

}  // namespace spillway
