// SecretReference: where a secret is, never the secret itself. Configuration files, plans and logs
// hold and print references alone; the text is fetched at the moment it is needed.
#ifndef SPILLWAY_CONFIG_SECRET_H_
#define SPILLWAY_CONFIG_SECRET_H_

#include <cstdint>
#include <string>

#include "base/result.h"

namespace spillway {

inline constexpr uint64_t kSecretBytesMax = 64 << 10;

struct SecretReference {
  enum class Kind : uint8_t { kNone, kEnvironment, kFile };
  Kind kind = Kind::kNone;
  std::string name;  // of the variable, or path of the file

  bool given() const { return kind != Kind::kNone; }
  // "{env: COSMOS_KEY}".
  std::string ToString() const;
  // The secret, without the white space around it. kInvalidArgument when the variable is unset or
  // the file is not readable, empty or too large. The message names the reference, never the
  // content.
  Result<std::string> Resolve() const;
};

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_SECRET_H_
