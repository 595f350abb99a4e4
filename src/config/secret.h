// SecretReference: where a secret is, never the secret itself. Configuration files, plans and logs
// hold and print references alone; the text is fetched at the moment it is needed, and fetched
// again when it is refused, so that a secret can be changed while a run goes on.
#ifndef SPILLWAY_CONFIG_SECRET_H_
#define SPILLWAY_CONFIG_SECRET_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"

namespace spillway {

inline constexpr uint64_t kSecretBytesMax = 64 << 10;
inline constexpr std::chrono::seconds kSecretProgramTimeMax{30};

struct SecretReference;

// A field of a secret in HashiCorp Vault's KV store, version 2.
struct VaultSecret {
  std::string address;  // "https://vault:8200"; empty: VAULT_ADDR
  std::string mount = "secret";
  std::string path;
  std::string field;
  std::string name_space;                        // X-Vault-Namespace; empty: VAULT_NAMESPACE
  std::string ca_file;                           // empty: VAULT_CACERT
  std::shared_ptr<const SecretReference> token;  // nullptr: VAULT_TOKEN
};

struct SecretReference {
  enum class Kind : uint8_t {
    kNone,
    kEnvironment,  // a variable
    kFile,         // a file that nobody else may read
    kExec,         // what a program prints
    kKeyVault,     // a secret of Azure Key Vault
    kVault,        // of HashiCorp Vault
    kInline,       // the secret itself: only where it was allowed
  };
  Kind kind = Kind::kNone;
  std::string name;  // of the variable, path of the file, URI of the secret; kInline: the secret
  std::vector<std::string> arguments;  // kExec: the program and its arguments
  std::shared_ptr<const VaultSecret> vault;

  bool given() const { return kind != Kind::kNone; }
  // Read on this machine, without asking anybody.
  bool is_local() const;
  // "{env: COSMOS_KEY}". Of a program its name alone.
  std::string ToString() const;
};

// Gives a secret's present text. Thread-safe.
using SecretSource = std::function<Result<std::string>(const CallContext&)>;

// The secret without the white space around it, of a reference that is no service's (kKeyVault,
// kVault: identity/secret_reader.h). kInvalidArgument when the variable is unset, the file cannot
// be read, may be read by others, is empty or too large, or the program fails. The message names
// the reference, never the content, and of a program its exit code and nothing that it said.
Result<std::string> ReadLocalSecret(const SecretReference& reference, Clock& clock,
                                    const CallContext& ctx);

// The content of a file, without the white space around it, at most kSecretBytesMax.
Result<std::string> ReadSecretFile(const std::string& path);
// The same, byte by byte; refused, as ssh refuses a private key, when somebody else may read or
// change it.
Result<std::string> ReadPrivateFile(const std::string& path);

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_SECRET_H_
