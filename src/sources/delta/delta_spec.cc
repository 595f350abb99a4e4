#include "sources/delta/delta_spec.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string_view>

#include "sources/delta/delta_options.h"

namespace spillway::delta {
namespace {

// Names under which the stores know secrets; their ids are none.
bool IsSecretName(std::string_view name) {
  constexpr std::array<std::string_view, 6> kMarks = {"secret", "token",       "password",
                                                      "sas",    "account_key", "access_key"};
  if (name.ends_with("_id") || name.ends_with("_file") || name.ends_with("_path")) return false;
  for (const std::string_view mark : kMarks) {
    if (name.find(mark) != std::string_view::npos) return true;
  }
  return false;
}

class StorageOptionsType : public Type<std::map<std::string, StorageOption>> {
 public:
  using Options = std::map<std::string, StorageOption>;
  void Read(const YamlNode& node, const Reading& reading, Options& target) const override {
    if (!node.is_map()) {
      reading.problems.Add(node.place,
                           fmt::format("`{}` must be a map, not {}", reading.where, Article(node)));
      return;
    }
    for (const YamlEntry& entry : node.entries) {
      const Reading inner{JoinPath(reading.where, entry.key), entry.key_place, reading.problems};
      ReadOption(entry, inner, target[entry.key]);
    }
  }
  std::string Format(const Options&) const override { return {}; }
  std::string Describe() const override { return "map of texts or secrets"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Field("type", "object").Key("additionalProperties").BeginObject();
    json.Key("anyOf").BeginArray().BeginObject();
    Text()->WriteSchema(json);
    json.EndObject().BeginObject();
    secret_->WriteSchema(json);
    json.EndObject().EndArray().EndObject();
  }

 private:
  void ReadOption(const YamlEntry& entry, const Reading& reading, StorageOption& target) const {
    const bool is_reference = entry.value.is_map();
    if (is_reference || IsSecretName(entry.key)) {
      secret_->Read(entry.value, reading, target.secret);
    } else if (const std::string* text = ReadScalar(entry.value, reading, "text")) {
      target.text = *text;
    }
  }
  TypePtr<SecretReference> secret_ = Secret();
};

void CheckAuth(const YamlNode& node, const Reading& reading, const DeltaConnection& connection) {
  const YamlNode* auth = node.Find("auth");
  if (auth == nullptr || connection.auth.kind() == AuthKind::kDefault) return;
  DeltaOptions options{.root = connection.root};
  if (!IsAzureLocation(connection.root)) {
    reading.problems.Add(
        auth->place, "only tables in Azure storage sign in with `auth`",
        "name the credential in `options`, as in {aws_access_key_id: …}, or in the "
        "environment");
    return;
  }
  for (const auto& [name, option] : connection.options) options.storage[name];
  if (!HasAzureCredential(options)) return;
  reading.problems.Add(auth->place, "both `auth` and `options` say how to sign in",
                       "keep one of them");
}

}  // namespace

const Spec<DeltaConnection>& DeltaConnectionSpec() {
  static const auto spec =
      Spec<DeltaConnection>("A folder of Delta tables.")
          .Field(
              &DeltaConnection::root, "root",
              "Where the tables are: a folder (relative to this file), s3://, abfss:// or gs://.",
              Text())
          .Required()
          .Example("abfss://gold@contoso.dfs.core.windows.net/")
          .Field(
              &DeltaConnection::auth, "auth",
              "Who we are in Azure. Of other stores, and before anything else for Azure too, the "
              "store's own environment variables are read (AWS_…, AZURE_STORAGE_…, GOOGLE_…), and "
              "for S3 the profiles in ~/.aws (AWS_PROFILE).",
              Auth(/*with_emulator=*/false))
          .Example("{managed_identity: {client_id: 00000000-0000-0000-0000-000000000000}}")
          .Field(&DeltaConnection::cloud, "cloud",
                 "Whose tokens; left out: by the name of the storage account.", CloudWord())
          .Field(
              &DeltaConnection::options, "options",
              "Options of the object store by their usual names (aws_region, aws_endpoint, "
              "azure_storage_account_name, google_service_account …); secrets as {env: NAME} or "
              "{file: path}.",
              TypePtr<std::map<std::string, StorageOption>>(std::make_shared<StorageOptionsType>()))
          .Example("{aws_region: eu-west-1}")
          .Check(&CheckAuth);
  return spec;
}

const Spec<DeltaTable>& DeltaTableSpec() {
  static const auto spec =
      Spec<DeltaTable>("A Delta table.")
          .Field(&DeltaTable::table, "table", "Its folder, below the connection's root.", Text())
          .Required()
          .Example("products")
          .Check([](const YamlNode& node, const Reading& reading, const DeltaTable& value) {
            const bool outside =
                value.table.find("://") != std::string::npos || value.table.starts_with('/') ||
                value.table == ".." || value.table.starts_with("../") ||
                value.table.find("/../") != std::string::npos || value.table.ends_with("/..");
            if (!outside) return;
            const YamlNode* table = node.Find("table");
            reading.problems.Add(
                table != nullptr ? table->place : reading.owner,
                fmt::format("`{}` is not below the connection's root", value.table),
                "make a connection with another root");
          });
  return spec;
}

}  // namespace spillway::delta
