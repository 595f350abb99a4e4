#include "destinations/cosmosdb/cosmos_spec.h"

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <utility>

#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

constexpr uint32_t kThroughputMax = 100'000'000;

const Spec<ArmSection>& ArmSpec() {
  static const auto spec =
      Spec<ArmSection>(
          "Where the account is in Azure Resource Manager: with it, and with an identity that may, "
          "containers are made and throughput is read and changed there.")
          .Field(&ArmSection::subscription, "subscription", "The subscription's id.", Text())
          .Required()
          .Field(&ArmSection::resource_group, "resource_group", "The resource group.", Text())
          .Required()
          .Field(&ArmSection::account, "account",
                 "The account's name; left out: the first part of the endpoint's host.", Text())
          .Field(&ArmSection::endpoint, "endpoint",
                 "Left out: the cloud's. Another one must be on this machine.", Text())
          .Check([](const YamlNode& node, const Reading& reading, const ArmSection& value) {
            if (value.endpoint.empty()) return;
            const Result<Url> url = ParseUrl(value.endpoint);
            if (url.ok() && IsLoopbackHost(url->host)) return;
            reading.problems.Add(node.Find("endpoint")->place,
                                 "an endpoint of Resource Manager that is not the cloud's own must "
                                 "be on this machine",
                                 "leave it out, and set `cloud`");
          });
  return spec;
}

const Spec<ThroughputSection>& ThroughputSpec() {
  static const auto spec =
      Spec<ThroughputSection>(
          "Request units per second of the new container; left out: the database's, or serverless.")
          .Field(&ThroughputSection::manual, "manual", "A fixed amount, in steps of 100.",
                 Integer(400, kThroughputMax))
          .Example("400")
          .Field(&ThroughputSection::autoscale, "autoscale",
                 "The most of an amount that follows the load down to a tenth, in steps of 1000.",
                 Integer(1000, kThroughputMax))
          .Example("4000")
          .ExactlyOne()
          .Check([](const YamlNode&, const Reading& reading, const ThroughputSection& value) {
            const bool manual = value.manual.has_value();
            const uint32_t amount = manual ? *value.manual : *value.autoscale;
            const uint32_t step = manual ? 100 : 1000;
            if (amount % step == 0) return;
            reading.problems.Add(reading.owner,
                                 fmt::format("{} RU/s is not a multiple of {}", amount, step),
                                 fmt::format("write {}", (amount / step + 1) * step));
          });
  return spec;
}

// `default`, `none` or `{file: policy.json}`.
const Spec<IndexingSection>& IndexingSpec() {
  static const auto spec =
      Spec<IndexingSection>("The indexing policy of the new container.")
          .Field(&IndexingSection::file, "file",
                 "A file with the policy as the service takes it: a JSON object.", Text())
          .Required();
  return spec;
}

TypePtr<IndexingSection> Indexing() {
  class IndexingType : public NestedType<IndexingSection> {
   public:
    using NestedType::NestedType;
    void Read(const YamlNode& node, const Reading& reading,
              IndexingSection& target) const override {
      NestedType::Read(node, reading, target);
      if (node.is_map()) target.kind = IndexingKind::kFile;
    }
    std::string Format(const IndexingSection&) const override { return "default"; }
  };
  return std::make_shared<IndexingType>(
      IndexingSpec(),
      std::vector<Word<IndexingSection>>{
          {"default", {IndexingKind::kDefault, {}}, "every property, as the service does"},
          {"none", {IndexingKind::kNone, {}}, "nothing: point reads and whole scans only"}},
      std::vector<LaterWord>{});
}

class TtlType : public Type<TimeToLive> {
 public:
  void Read(const YamlNode& node, const Reading& reading, TimeToLive& target) const override {
    const std::string* text = ReadScalar(node, reading, Describe());
    if (text == nullptr) return;
    if (*text == "off") {
      target.seconds.reset();
    } else if (*text == "on") {
      target.seconds = -1;
    } else {
      ReadDuration(*text, node, reading, target);
    }
  }
  std::string Format(const TimeToLive& value) const override {
    if (!value.seconds) return "off";
    return *value.seconds < 0 ? "on" : FormatDuration(std::chrono::seconds(*value.seconds));
  }
  std::string Describe() const override { return "off, on, or a duration"; }
  // Editors that read YAML 1.1 take `off` and `on` for booleans.
  void WriteSchema(JsonWriter& json) const override {
    json.Key("type").BeginArray().String("string").String("boolean").EndArray();
  }

 private:
  static void ReadDuration(const std::string& text, const YamlNode& node, const Reading& reading,
                           TimeToLive& target) {
    const auto duration = ParseDuration(text);
    const int64_t seconds = duration.ok() ? duration->count() / 1000 : 0;
    const bool whole = duration.ok() && duration->count() % 1000 == 0;
    if (whole && seconds >= 1 && seconds <= std::numeric_limits<int32_t>::max()) {
      target.seconds = static_cast<int32_t>(seconds);
    } else {
      reading.problems.Add(
          node.place, fmt::format("`{}` cannot be `{}`", reading.where, text),
          "write off, on (documents say it themselves), or whole seconds as in 30d");
    }
  }
};

// A list of keys, each a path or a list of paths.
class UniqueKeysType : public Type<std::vector<std::vector<std::string>>> {
 public:
  void Read(const YamlNode& node, const Reading& reading,
            std::vector<std::vector<std::string>>& target) const override {
    if (!node.is_list()) {
      reading.problems.Add(node.place, fmt::format("`{}` must be {}, not {}", reading.where,
                                                   Describe(), Article(node)));
      return;
    }
    for (const YamlNode& item : node.items) {
      std::vector<std::string> paths;
      paths_->Read(item, reading, paths);
      for (const std::string& path : paths) {
        if (path.starts_with('/')) continue;
        reading.problems.Add(item.place, fmt::format("`{}` is not a path", path),
                             fmt::format("write `/{}`", path));
      }
      target.push_back(std::move(paths));
    }
  }
  std::string Format(const std::vector<std::vector<std::string>>& value) const override {
    return value.empty() ? "[]" : std::string();
  }
  std::string Describe() const override { return "list of paths or of lists of paths"; }
  void WriteSchema(JsonWriter& json) const override {
    json.Field("type", "array").Key("items").BeginObject();
    paths_->WriteSchema(json);
    json.EndObject();
  }

 private:
  TypePtr<std::vector<std::string>> paths_ = TextList(true);
};

void CheckEndpoint(const YamlNode& node, const Reading& reading,
                   const CosmosConnection& connection) {
  const YamlPlace place = node.Find("endpoint")->place;
  const Result<Url> url = ParseUrl(connection.endpoint);
  if (!url.ok()) {
    reading.problems.Add(place, std::string(url.status().message()),
                         "write https://account.documents.azure.com:443/");
    return;
  }
  if (IsLoopbackHost(url->host)) return;
  if (url->scheme != "https") {
    reading.problems.Add(place, "plain http is for this machine alone", "write https://");
  }
  if (connection.auth.kind() == AuthKind::kEmulator) {
    reading.problems.Add(node.Find("auth")->place,
                         "`auth: emulator` is for a server on this machine",
                         "write {key: {env: NAME}}");
  }
}

const Spec<CreateSection>& CreateSpec() {
  static const auto spec =
      Spec<CreateSection>(
          "How a missing container is made. Of an existing one only the partition key is compared.")
          .Field(&CreateSection::throughput, "throughput",
                 "Request units per second; left out: the database's, or serverless.",
                 Nested(ThroughputSpec()))
          .Example("{autoscale: 4000}")
          .Field(&CreateSection::indexing, "indexing", "What the service indexes.", Indexing())
          .Field(&CreateSection::ttl, "ttl", "When documents expire.",
                 TypePtr<TimeToLive>(std::make_shared<TtlType>()))
          .Example("30d")
          .Field(&CreateSection::unique_keys, "unique_keys",
                 "Paths whose values are unique within a partition key.",
                 TypePtr<std::vector<std::vector<std::string>>>(std::make_shared<UniqueKeysType>()))
          .Example("[/sku, [/email, /tenant]]");
  return spec;
}

}  // namespace

const Spec<CosmosConnection>& CosmosConnectionSpec() {
  static const auto spec =
      Spec<CosmosConnection>("An Azure Cosmos DB for NoSQL account, or the local server.")
          .Field(&CosmosConnection::endpoint, "endpoint", "The account's URL.", Text())
          .Required()
          .Example("https://contoso.documents.azure.com:443/")
          .Field(&CosmosConnection::database, "database", "The database; made when missing.",
                 Text())
          .Required()
          .Example("cosmicworks")
          .Field(&CosmosConnection::auth, "auth", "Who we are.", Auth(/*with_emulator=*/true))
          .Example("{managed_identity: {client_id: 00000000-0000-0000-0000-000000000000}}")
          .Field(
              &CosmosConnection::audience, "audience",
              "What tokens are asked for; left out: Azure Cosmos DB in the cloud of the endpoint.",
              Text())
          .Example("https://contoso.documents.azure.com")
          .Field(&CosmosConnection::cloud, "cloud",
                 "Whose tokens and whose Resource Manager; left out: by the endpoint's name.",
                 CloudWord())
          .Field(&CosmosConnection::arm, "arm", "Where the account is in Azure Resource Manager.",
                 Nested(ArmSpec()))
          .Example("{subscription: 00000000-0000-0000-0000-000000000000, resource_group: shop}")
          .Field(&CosmosConnection::ca_file, "ca_file",
                 "A PEM file; when given, only its certificates are trusted. For the local server: "
                 "the "
                 "file that it names when it starts.",
                 Text())
          .Field(&CosmosConnection::discover_regions, "discover_regions",
                 "Ask the account for its regions; false sends everything to `endpoint`.",
                 Boolean())
          .Field(&CosmosConnection::preferred_regions, "preferred_regions",
                 "For accounts with several write regions, nearest first.", TextList(true))
          .Check(&CheckEndpoint);
  return spec;
}

const Spec<CosmosContainer>& CosmosContainerSpec() {
  CreateSection never;
  never.never = true;
  static const auto spec =
      Spec<CosmosContainer>("A container.")
          .Field(&CosmosContainer::container, "container", "Its name.", Text())
          .Required()
          .Example("products")
          .Field(&CosmosContainer::create, "create",
                 "How a missing container is made; `never` makes a missing container an error.",
                 Nested(CreateSpec(), {{"never", never, "fail instead"}}))
          .Example("{throughput: {autoscale: 4000}}")
          .Field(&CosmosContainer::bulk, "bulk",
                 "Send up to 100 documents in a request; false sends each alone.", Boolean())
          .Field(&CosmosContainer::priority, "priority", "Which requests the service sheds first.",
                 OneOf<std::string>({{"low", "Low", ""}, {"high", "High", ""}}))
          .Field(
              &CosmosContainer::throughput_bucket, "throughput_bucket",
              "The account's throughput bucket that our requests are counted in, 1 to 5; 0: none.",
              Integer(0, 5));
  return spec;
}

std::string_view EmulatorKey() {
  return "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";
}

}  // namespace spillway::cosmosdb
