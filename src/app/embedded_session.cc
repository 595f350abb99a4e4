#include "app/embedded_session.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "app/document_sections.h"
#include "app/project_spec.h"
#include "config/spec.h"
#include "config/yaml.h"

namespace spillway {
namespace {

// What a destination is asked with before its own key is known: any will do.
constexpr const char* kAnyPartitionKey = "/id";

struct OptionsSection {
  RawSection connection;
  RawSection destination;
  std::vector<std::string> columns;
  std::string filter;
  DocumentsSection documents;
  SyncSection sync;
  ThroughputSection throughput;
  ByteCount memory{64ull << 20};
  uint32_t lanes = SessionOptions().lanes_max;
  uint32_t rejected_listed = SessionOptions().rejected_listed_max;
  bool part_of_more = false;
};

class RawType : public Type<RawSection> {
 public:
  void Read(const YamlNode& node, const Reading& reading, RawSection& target) const override {
    target = {&node, reading.owner};
  }
  std::string Format(const RawSection&) const override { return {}; }
  std::string Describe() const override { return "map"; }
  void WriteSchema(JsonWriter& json) const override { json.Field("type", "object"); }
};

const Spec<OptionsSection>& OptionsSpec() {
  static const auto raw = TypePtr<RawSection>(std::make_shared<RawType>());
  static const auto spec =
      Spec<OptionsSection>("What a write session is told.")
          .Field(&OptionsSection::connection, "connection", "As one of `connections`.", raw)
          .Required()
          .Field(&OptionsSection::destination, "destination", "As a pipeline's.", raw)
          .Required()
          .Field(&OptionsSection::columns, "columns", "As `source.columns`.", TextList(false))
          .Field(&OptionsSection::filter, "filter", "As `source.filter`.", Text())
          .Field(&OptionsSection::documents, "documents", "As a pipeline's.",
                 Nested(DocumentsSpec()))
          .Field(&OptionsSection::sync, "sync", "As a pipeline's: mode, max_rejected, settle.",
                 Nested(SyncSpec()))
          .Field(&OptionsSection::throughput, "throughput", "As a pipeline's.",
                 Nested(ThroughputSpec()))
          .Field(&OptionsSection::memory, "memory", "Of documents on their way.",
                 Size({1ull << 20}, {1ull << 34}))
          .Field(&OptionsSection::lanes, "lanes", "Requests in flight, at most.", Integer(1, 256))
          .Field(&OptionsSection::rejected_listed, "rejected_listed",
                 "Rejected rows that the summary lists, at most.", Integer(0, 10'000))
          .Field(&OptionsSection::part_of_more, "part_of_more",
                 "The rows are a part of more: a share of rejected rows is not judged at the end.",
                 Boolean());
  return spec;
}

YamlNode Scalar(std::string text) {
  YamlNode node;
  node.text = std::move(text);
  return node;
}

// Reads one text; lives for one call of ParseEmbeddedConfig.
class Reader {
 public:
  explicit Reader(YamlDocument document) : document_(std::move(document)) {}

  Result<EmbeddedConfig> Read() {
    config_.secrets = std::make_shared<TextSecrets>();
    RETURN_IF_ERROR(config_.secrets->Replace(document_.root));
    OptionsSection section;
    OptionsSpec().Read(document_.root, {"", {1, 1, 1}, problems_}, section);
    ReadConnection(section.connection);
    if (config_.type != nullptr) ReadDestination(section);
    CheckSync(section.sync);
    RETURN_IF_ERROR(Told());
    config_.session.mode = section.sync.mode.write();
    config_.session.max_rejected = section.sync.max_rejected;
    config_.session.settle = section.sync.settle;
    config_.session.throughput.limit = section.throughput.limit;
    config_.session.memory_bytes_max = section.memory.bytes;
    config_.session.lanes_max = section.lanes;
    config_.session.rejected_listed_max = section.rejected_listed;
    config_.session.part_of_more = section.part_of_more;
    return std::move(config_);
  }

 private:
  // Without places and source lines: a program made the text, and it may hold secrets.
  Status Told() const {
    if (problems_.empty()) return Status::Ok();
    std::string message;
    for (const Problem& problem : problems_.all()) {
      message += fmt::format("{}{}", message.empty() ? "" : "\n", problem.message);
      if (!problem.advice.empty()) message += fmt::format(": {}", problem.advice);
    }
    return InvalidArgument(std::move(message));
  }

  void ReadConnection(const RawSection& raw) {
    if (raw.node == nullptr) return;
    const Reading reading{"connection", raw.owner, problems_};
    ConnectionSection common;
    const YamlNode* type = raw.node->is_map() ? raw.node->Find("type") : nullptr;
    if (type == nullptr || !type->is_scalar()) {
      return ConnectionSpec().Read(*raw.node, reading, common);
    }
    config_.type = FindConnector(type->text);
    if (config_.type == nullptr || !config_.type->open_destination) {
      problems_.Add(type->place, fmt::format("`{}` is no type of destination", type->text));
      config_.type = nullptr;
      return;
    }
    const std::shared_ptr<void> options = config_.type->connection.make();
    const std::array<SpecPart, 2> parts = {
        {{&ConnectionSpec(), &common}, {config_.type->connection.spec, options.get()}}};
    ReadParts(*raw.node, reading, parts);
    config_.connection = options;
  }

  // As in a pipeline, but for `connection`, of which there is one, and the partition key, which the
  // destination knows.
  void ReadDestination(const OptionsSection& section) {
    if (section.destination.node == nullptr) return;
    YamlNode node = *section.destination.node;
    bool key_given = true;
    if (node.is_map()) {
      key_given = node.Find("partition_key") != nullptr;
      node.entries.push_back({"connection", node.place, Scalar("connection")});
      if (!key_given) node.entries.push_back({"partition_key", node.place, Scalar("/")});
    }
    DestinationSection common;
    const std::shared_ptr<void> options = config_.type->destination.make();
    const std::array<SpecPart, 2> parts = {
        {{&DestinationSpec(), &common}, {config_.type->destination.spec, options.get()}}};
    ReadParts(node, {"destination", section.destination.owner, problems_}, parts);
    config_.endpoint = options;
    if (!key_given) common.partition_key.clear();
    SourceSection source;
    source.columns = section.columns;
    source.filter = section.filter;
    config_.documents = MakeDocuments(source, common, section.documents);
    config_.documents.soft_delete = section.sync.mode.soft_delete;
  }

  // What only a pipeline with a source and a state can do.
  void CheckSync(const SyncSection& sync) {
    const YamlNode* given = document_.root.is_map() ? document_.root.Find("sync") : nullptr;
    if (given == nullptr || !given->is_map()) return;
    for (const YamlEntry& entry : given->entries) {
      if (entry.key == "mode" || entry.key == "max_rejected" || entry.key == "settle") continue;
      problems_.Add(entry.key_place, fmt::format("`sync.{}` needs a pipeline", entry.key),
                    "leave it out");
    }
    if (!sync.mode.soft_delete.has_value()) return;
    problems_.Add(given->place, "`soft_delete` needs a source that tells what was deleted",
                  "write the mark as a column, with `mode: upsert`");
  }

  YamlDocument document_;
  Problems problems_;
  EmbeddedConfig config_;
};

EndpointSettings SettingsOf(const EmbeddedConfig& config) {
  return {config.connection.get(), config.endpoint.get(), "."};
}

Result<std::unique_ptr<Destination>> OpenDestination(const EmbeddedConfig& config) {
  return config.type->open_destination(SettingsOf(config), config.documents);
}

Result<std::vector<std::string>> AskPartitionKey(const EmbeddedConfig& config,
                                                 const CallContext& ctx) {
  EmbeddedConfig asking = config;
  asking.documents.partition_key_paths = {kAnyPartitionKey};
  ASSIGN_OR_RETURN(const std::unique_ptr<Destination> destination, OpenDestination(asking));
  ASSIGN_OR_RETURN(const std::unique_ptr<Partitioning> partitioning,
                   destination->OpenPartitioning(0, ctx));
  if (!partitioning->facts().present_key.empty()) return partitioning->facts().present_key;
  return NotFound(fmt::format("there is no container {}",
                              config.type->describe_destination(SettingsOf(config))))
      .WithHint("create it first, with the partition key that its readers need");
}

}  // namespace

TextSecrets::~TextSecrets() {
  for (const int file : files_) close(file);
}

Status TextSecrets::Replace(YamlNode& node) {
  const bool is_text = node.is_map() && node.entries.size() == 1 &&
                       node.entries.front().key == "text" && node.entries.front().value.is_scalar();
  if (!is_text) {
    for (YamlEntry& entry : node.entries) RETURN_IF_ERROR(Replace(entry.value));
    for (YamlNode& item : node.items) RETURN_IF_ERROR(Replace(item));
    return Status::Ok();
  }
  const int file = memfd_create("spillway-secret", MFD_CLOEXEC);
  if (file < 0) return Unavailable("no memory for a secret");
  files_.push_back(file);
  const std::string secret = std::exchange(node.entries.front().value.text, {});
  if (fchmod(file, S_IRUSR | S_IWUSR) != 0 ||
      write(file, secret.data(), secret.size()) != static_cast<ssize_t>(secret.size())) {
    return Unavailable("no memory for a secret");
  }
  node.entries.front().key = "file";
  node.entries.front().value.text = fmt::format("/proc/self/fd/{}", file);
  return Status::Ok();
}

Result<EmbeddedConfig> ParseEmbeddedConfig(std::string text) {
  Result<YamlDocument> document = ParseYaml(std::move(text), "");
  if (!document.ok()) return InvalidArgument("the options are not JSON");
  return Reader(*std::move(document)).Read();
}

Result<DestinationFacts> DescribeDestination(const EmbeddedConfig& config, const CallContext& ctx) {
  DestinationFacts facts;
  facts.place = config.type->describe_destination(SettingsOf(config));
  ASSIGN_OR_RETURN(facts.partition_key, AskPartitionKey(config, ctx));
  return facts;
}

Result<EmbeddedSession> OpenEmbeddedSession(EmbeddedConfig config,
                                            std::shared_ptr<const OwnedSchema> schema,
                                            const CallContext& ctx) {
  if (config.documents.partition_key_paths.empty()) {
    ASSIGN_OR_RETURN(config.documents.partition_key_paths, AskPartitionKey(config, ctx));
  }
  EmbeddedSession opened;
  opened.secrets = config.secrets;
  ASSIGN_OR_RETURN(opened.destination, OpenDestination(config));
  ASSIGN_OR_RETURN(opened.session,
                   WriteSession::Open({*opened.destination, SystemClock()}, config.documents,
                                      std::move(schema), config.session, ctx));
  return opened;
}

}  // namespace spillway
