// Base64 with padding (RFC 4648, section 4).
#ifndef SPILLWAY_TRANSFORMS_BASE64_H_
#define SPILLWAY_TRANSFORMS_BASE64_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace spillway {

constexpr size_t Base64Size(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

// Writes Base64Size(bytes.size()) characters and returns the end.
char* WriteBase64(std::string_view bytes, char* out);

// False when it is no base64 with its padding; `out` is not defined then.
bool ReadBase64(std::string_view text, std::string* out);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_BASE64_H_
