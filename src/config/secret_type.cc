// How a secret is written in a configuration: {env: NAME}, {file: path}, {exec: [program, …]},
// {keyvault: URI} or {vault: {…}}.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "config/spec.h"

namespace spillway {
namespace {

constexpr char kAdvice[] =
    "write {env: NAME}, {file: path}, {exec: [program, …]}, {keyvault: https://…} or {vault: {…}}";

// What a secret is fetched with: a reference to a secret of this machine.
class TokenType : public Type<std::shared_ptr<const SecretReference>> {
 public:
  using Pointer = std::shared_ptr<const SecretReference>;
  void Read(const YamlNode& node, const Reading& reading, Pointer& target) const override {
    SecretReference read;
    secret_->Read(node, reading, read);
    if (read.given() && !read.is_local()) {
      reading.problems.Add(reading.owner,
                           fmt::format("`{}` must be a secret of this machine", reading.where),
                           "write {env: NAME}, {file: path} or {exec: [program, …]}");
      return;
    }
    if (read.given()) target = std::make_shared<const SecretReference>(std::move(read));
  }
  std::string Format(const Pointer&) const override { return {}; }
  std::string Describe() const override { return "{env: NAME}, {file: path} or {exec: […]}"; }
  void WriteSchema(JsonWriter& json) const override { json.Field("type", "object"); }

 private:
  TypePtr<SecretReference> secret_ = Secret();
};

const Spec<VaultSecret>& VaultSpec() {
  static const auto spec =
      Spec<VaultSecret>("A field of a secret in HashiCorp Vault (KV, version 2).")
          .Field(&VaultSecret::address, "address", "The server.", Text())
          .DefaultText("VAULT_ADDR")
          .Example("https://vault.contoso.net:8200")
          .Field(&VaultSecret::mount, "mount", "Where the KV store is mounted.", Text())
          .Field(&VaultSecret::path, "path", "The secret's path, below the mount.", Text())
          .Required()
          .Field(&VaultSecret::field, "field", "Which of its fields.", Text())
          .Required()
          .Field(&VaultSecret::name_space, "namespace", "Of Vault Enterprise.", Text())
          .DefaultText("VAULT_NAMESPACE")
          .Field(&VaultSecret::ca_file, "ca_file",
                 "A PEM file; when given, only its certificates are trusted.", Text())
          .DefaultText("VAULT_CACERT")
          .Field(&VaultSecret::token, "token", "Where the token is.",
                 TypePtr<std::shared_ptr<const SecretReference>>(std::make_shared<TokenType>()))
          .DefaultText("VAULT_TOKEN");
  return spec;
}

class SecretType : public Type<SecretReference> {
 public:
  void Read(const YamlNode& node, const Reading& reading, SecretReference& target) const override {
    if (node.is_scalar() && !node.text.empty() && reading.problems.inline_secrets_allowed()) {
      target.kind = SecretReference::Kind::kInline;
      target.name = node.text;
      return;
    }
    if (!node.is_map()) {
      reading.problems.AddSecret(
          node.place,
          fmt::format("`{}` must say where the secret is, not what it is", reading.where), kAdvice);
      return;
    }
    if (node.entries.size() != 1) {
      reading.problems.AddSecret(
          reading.owner,
          fmt::format("`{}` needs exactly one of: env, file, exec, keyvault, vault", reading.where),
          kAdvice);
      return;
    }
    ReadReference(node.entries.front(), reading, target);
  }
  std::string Format(const SecretReference& value) const override {
    return value.given() ? value.ToString() : std::string();
  }
  std::string Describe() const override {
    return "{env: NAME}, {file: path}, {exec: [program, …]}, {keyvault: URI} or {vault: {…}}";
  }
  void WriteSchema(JsonWriter& json) const override {
    json.Field("type", "object").Field("additionalProperties", false);
    json.Field("minProperties", uint64_t{1}).Field("maxProperties", uint64_t{1});
    json.Key("properties").BeginObject();
    for (const char* text : {"env", "file", "keyvault"}) {
      json.Key(text).BeginObject().Field("type", "string").EndObject();
    }
    json.Key("exec").BeginObject().Field("type", "array").Field("minItems", uint64_t{1});
    json.Key("items").BeginObject().Field("type", "string").EndObject().EndObject();
    // By hand: the token inside is a secret again.
    json.Key("vault").BeginObject().Field("type", "object").Key("required").BeginArray();
    json.String("path").String("field").EndArray().EndObject();
    json.EndObject();
  }

 private:
  static void ReadReference(const YamlEntry& entry, const Reading& reading,
                            SecretReference& target) {
    using Kind = SecretReference::Kind;
    const Reading inner{JoinPath(reading.where, entry.key), entry.key_place, reading.problems};
    if (entry.key == "env") {
      ReadName(entry, inner, Kind::kEnvironment, target);
    } else if (entry.key == "file") {
      ReadName(entry, inner, Kind::kFile, target);
    } else if (entry.key == "keyvault") {
      ReadName(entry, inner, Kind::kKeyVault, target);
    } else if (entry.key == "exec") {
      ReadProgram(entry, inner, target);
    } else if (entry.key == "vault") {
      auto vault = std::make_shared<VaultSecret>();
      VaultSpec().Read(entry.value, inner, *vault);
      target.kind = Kind::kVault;
      target.vault = std::move(vault);
    } else {
      reading.problems.AddSecret(entry.key_place,
                                 fmt::format("unknown kind of secret `{}`", entry.key), kAdvice);
    }
  }

  static void ReadName(const YamlEntry& entry, const Reading& reading, SecretReference::Kind kind,
                       SecretReference& target) {
    const std::string* text = ReadScalar(entry.value, reading, "text");
    if (text == nullptr) return;
    if (text->empty()) {
      reading.problems.Add(entry.key_place, fmt::format("`{}` is empty", reading.where));
      return;
    }
    target.kind = kind;
    target.name = *text;
  }

  static void ReadProgram(const YamlEntry& entry, const Reading& reading, SecretReference& target) {
    std::vector<std::string> arguments;
    TextList(false)->Read(entry.value, reading, arguments);
    if (arguments.empty() || arguments.front().empty()) {
      reading.problems.Add(entry.key_place, fmt::format("`{}` names no program", reading.where),
                           "write {exec: [program, argument, …]}; no shell reads it");
      return;
    }
    target.kind = SecretReference::Kind::kExec;
    target.arguments = std::move(arguments);
  }
};

}  // namespace

TypePtr<SecretReference> Secret() {
  return std::make_shared<SecretType>();
}

}  // namespace spillway
