#include "config/secret.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string_view>

#include "base/child_process.h"

namespace spillway {
namespace {

std::string WithoutBlanks(std::string text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Result<std::string> FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    return InvalidArgument(fmt::format("the environment variable {} is not set", name))
        .WithHint(fmt::format("export {}=…", name));
  }
  return WithoutBlanks(value);
}

Result<std::string> ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return InvalidArgument(fmt::format("the secret's file {} cannot be read", path))
        .WithHint("check the path and its permissions");
  }
  std::string text(kSecretBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kSecretBytesMax) {
    return InvalidArgument(
        fmt::format("the secret's file {} is larger than {} KiB", path, kSecretBytesMax >> 10));
  }
  return text;
}

Status CheckPrivate(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return Status::Ok();  // reading it says why
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) == 0) return Status::Ok();
  return InvalidArgument(fmt::format("the secret's file {} may be read or changed by others "
                                     "(mode {:04o})",
                                     path, about.st_mode & 07777))
      .WithHint(fmt::format("chmod 600 {} (for a mounted secret: defaultMode 0400)", path));
}

Result<std::string> FromProgram(const SecretReference& reference, Clock& clock,
                                const CallContext& ctx) {
  const std::string& program = reference.arguments.front();
  const ChildLimits limits{.time_max = kSecretProgramTimeMax, .output_bytes_max = kSecretBytesMax};
  Result<ChildOutcome> outcome = RunChild(reference.arguments, limits, clock, ctx);
  if (!outcome.ok()) {
    if (outcome.status().code() == StatusCode::kCancelled) return std::move(outcome).status();
    return InvalidArgument(std::string(outcome.status().message()))
        .WithContext("the secret's program");
  }
  if (outcome->exit_code != 0) {
    return InvalidArgument(fmt::format("the secret's program {} ended with exit code {}", program,
                                       outcome->exit_code))
        .WithHint("run it by hand to see why; nothing that it says is shown here");
  }
  return WithoutBlanks(std::move(outcome->output));
}

Result<std::string> Read(const SecretReference& reference, Clock& clock, const CallContext& ctx) {
  switch (reference.kind) {
    case SecretReference::Kind::kEnvironment:
      return FromEnvironment(reference.name);
    case SecretReference::Kind::kFile: {
      ASSIGN_OR_RETURN(std::string text, ReadPrivateFile(reference.name));
      return WithoutBlanks(std::move(text));
    }
    case SecretReference::Kind::kExec:
      return FromProgram(reference, clock, ctx);
    case SecretReference::Kind::kInline:
      return WithoutBlanks(reference.name);
    case SecretReference::Kind::kNone:
    case SecretReference::Kind::kKeyVault:
    case SecretReference::Kind::kVault:
      break;
  }
  return InvalidArgument("no secret of this machine is configured");
}

}  // namespace

bool SecretReference::is_local() const {
  return kind != Kind::kNone && kind != Kind::kKeyVault && kind != Kind::kVault;
}

std::string SecretReference::ToString() const {
  switch (kind) {
    case Kind::kNone:
      return "{}";
    case Kind::kEnvironment:
      return fmt::format("{{env: {}}}", name);
    case Kind::kFile:
      return fmt::format("{{file: {}}}", name);
    case Kind::kExec:
      return fmt::format("{{exec: [{}{}]}}", arguments.front(), arguments.size() > 1 ? ", …" : "");
    case Kind::kKeyVault:
      return fmt::format("{{keyvault: {}}}", name);
    case Kind::kVault:
      return fmt::format("{{vault: {{path: {}, field: {}}}}}", vault->path, vault->field);
    case Kind::kInline:
      return "***";
  }
  return "{}";
}

Result<std::string> ReadLocalSecret(const SecretReference& reference, Clock& clock,
                                    const CallContext& ctx) {
  Result<std::string> secret = Read(reference, clock, ctx);
  if (secret.ok() && secret->empty()) {
    return InvalidArgument(fmt::format("the secret {} is empty", reference.ToString()));
  }
  return secret;
}

Result<std::string> ReadSecretFile(const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, ReadBytes(path));
  return WithoutBlanks(std::move(text));
}

Result<std::string> ReadPrivateFile(const std::string& path) {
  RETURN_IF_ERROR(CheckPrivate(path));
  return ReadBytes(path);
}

}  // namespace spillway
