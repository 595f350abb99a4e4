#include "config/secret.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <string_view>

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

Result<std::string> FromFile(const std::string& path) {
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
  return WithoutBlanks(std::move(text));
}

}  // namespace

std::string SecretReference::ToString() const {
  switch (kind) {
    case Kind::kNone:
      return "{}";
    case Kind::kEnvironment:
      return fmt::format("{{env: {}}}", name);
    case Kind::kFile:
      return fmt::format("{{file: {}}}", name);
  }
  return "{}";
}

Result<std::string> SecretReference::Resolve() const {
  if (!given()) return InvalidArgument("no secret is configured");
  Result<std::string> secret = kind == Kind::kEnvironment ? FromEnvironment(name) : FromFile(name);
  if (secret.ok() && secret->empty()) {
    return InvalidArgument(fmt::format("the secret {} is empty", ToString()));
  }
  return secret;
}

}  // namespace spillway
