#include "app/embedded_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "app/document_sections.h"
#include "app/project_spec.h"
#include "config/spec.h"
#include "config/yaml.h"
#include "connector/place_reading.h"

namespace spillway {
namespace {

// What a destination is asked with before its own key is known: any will do.
constexpr const char* kAnyPartitionKey = "/id";
// Where relative paths start.
constexpr const char* kFolder = ".";

struct ReadOptionsSection {
  std::string from = "0";
  std::string to = "1";
  std::string query;
  std::string parameters;
  bool relaxed = false;
  bool epoch_millis = false;
  uint32_t batch_rows = ReadOptions().batch_rows_max;
};

struct OptionsSection {
  RawSection connection;
  RawSection control;
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
  bool permit = false;
  bool lent_share = false;
  ReadOptionsSection read;
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

const Spec<ReadOptionsSection>& ReadSpec() {
  static const auto spec =
      Spec<ReadOptionsSection>("What is read, and how it becomes columns.")
          .Field(&ReadOptionsSection::from, "from", "Where the part of the keys begins, 0 to 1.",
                 Text())
          .Field(&ReadOptionsSection::to, "to", "Where it ends.", Text())
          .Field(&ReadOptionsSection::query, "query",
                 "Its results are read in place of the documents.", Text())
          .Field(&ReadOptionsSection::parameters, "parameters",
                 "Of the query: the JSON text of an array of names and values.", Text())
          .Field(&ReadOptionsSection::relaxed, "relaxed",
                 "What does not fit its column becomes null; else it is an error.", Boolean())
          .Field(&ReadOptionsSection::epoch_millis, "epoch_millis",
                 "Numbers in dates and timestamps are milliseconds.", Boolean())
          .Field(&ReadOptionsSection::batch_rows, "batch_rows", "Documents of a batch, at most.",
                 Integer(1, 100'000));
  return spec;
}

const Spec<OptionsSection>& OptionsSpec() {
  static const auto raw = TypePtr<RawSection>(std::make_shared<RawType>());
  static const auto spec =
      Spec<OptionsSection>("What a write session is told.")
          .Field(&OptionsSection::connection, "connection", "As one of `connections`.", raw)
          .Required()
          .Field(&OptionsSection::control, "control",
                 "Where `throughput.group` meets, as one of `connections`; left out: `connection`.",
                 raw)
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
                 Boolean())
          .Field(&OptionsSection::permit, "permit",
                 "Nothing is sent but while the session is permitted to.", Boolean())
          .Field(&OptionsSection::lent_share, "lent_share",
                 "Of the limit nothing is spent but the part that is lent to the session.",
                 Boolean())
          .Field(&OptionsSection::read, "read", "Of readers.", Nested(ReadSpec()));
  return spec;
}

YamlNode Scalar(std::string text) {
  YamlNode node;
  node.text = std::move(text);
  return node;
}

EndpointSettings SettingsOf(const EmbeddedConfig& config) {
  return {config.connection.get(), config.endpoint.get(), kFolder};
}

// Reads one text; lives for one call of ParseEmbeddedConfig.
class Reader {
 public:
  explicit Reader(YamlDocument document) : document_(std::move(document)) {}

  Result<EmbeddedConfig> Read() {
    problems_.AllowInlineSecrets();
    OptionsSection section;
    OptionsSpec().Read(document_.root, {"", {1, 1, 1}, problems_}, section);
    const Connection connection = ReadConnection(section.connection, "connection");
    config_.type = connection.type;
    config_.connection = connection.options;
    if (config_.type != nullptr) ReadDestination(section);
    CheckSync(section.sync);
    ReadGroup(section);
    ReadReading(section.read);
    RETURN_IF_ERROR(Told());
    config_.session.mode = section.sync.mode.write();
    config_.session.max_rejected = section.sync.max_rejected;
    config_.session.settle = section.sync.settle;
    config_.session.throughput.limit = section.throughput.limit;
    config_.session.memory_bytes_max = section.memory.bytes;
    config_.session.lanes_max = section.lanes;
    config_.session.rejected_listed_max = section.rejected_listed;
    config_.session.part_of_more = section.part_of_more;
    config_.session.needs_permit = section.permit;
    config_.session.lent_share = section.lent_share;
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

  // Of a wrong one, nothing.
  struct Connection {
    const ConnectorType* type = nullptr;
    std::shared_ptr<const void> options;
  };

  Connection ReadConnection(const RawSection& raw, const std::string& where) {
    if (raw.node == nullptr) return {};
    const Reading reading{where, raw.owner, problems_};
    ConnectionSection common;
    const YamlNode* type = raw.node->is_map() ? raw.node->Find("type") : nullptr;
    if (type == nullptr || !type->is_scalar()) {
      ConnectionSpec().Read(*raw.node, reading, common);
      return {};
    }
    const ConnectorType* found = FindConnector(type->text);
    if (found == nullptr || !found->open_destination) {
      problems_.Add(type->place, fmt::format("`{}` is no type of destination", type->text));
      return {};
    }
    const std::shared_ptr<void> options = found->connection.make();
    const std::array<SpecPart, 2> parts = {
        {{&ConnectionSpec(), &common}, {found->connection.spec, options.get()}}};
    ReadParts(*raw.node, reading, parts);
    return {found, options};
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
    const YamlNode* given = CheckKeys("sync", {"mode", "max_rejected", "settle"});
    if (given == nullptr || !sync.mode.soft_delete.has_value()) return;
    problems_.Add(given->place, "`soft_delete` needs a source that tells what was deleted",
                  "write the mark as a column, with `mode: upsert`");
  }

  // The section as it was given, when it is a map. Reports its keys that are not for sessions.
  const YamlNode* CheckKeys(std::string_view section,
                            std::initializer_list<std::string_view> keys) {
    const YamlNode* given = document_.root.is_map() ? document_.root.Find(section) : nullptr;
    if (given == nullptr || !given->is_map()) return nullptr;
    for (const YamlEntry& entry : given->entries) {
      if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
      problems_.Add(entry.key_place, fmt::format("`{}.{}` needs a pipeline", section, entry.key),
                    "leave it out");
    }
    return given;
  }

  // With whom the limit is shared beyond this session.
  void ReadGroup(const OptionsSection& section) {
    const YamlNode* given = CheckKeys("throughput", {"limit", "group"});
    Connection control{config_.type, config_.connection};
    if (section.control.node != nullptr) control = ReadConnection(section.control, "control");
    const GroupSection& group = section.throughput.group;
    if (given == nullptr || group.name.empty() || control.type == nullptr) return;
    const YamlPlace place = given->Find("group")->place;
    if (!group.connection.empty()) {
      problems_.Add(place, "`throughput.group.connection` names a connection of spillway.yaml",
                    "write the connection itself as `control`");
    }
    if (!section.throughput.limit.is_set()) {
      problems_.Add(place, "`throughput.group` shares a limit, and there is none", "add `limit`");
    }
    if (!control.type->open_share_board) {
      problems_.Add(place, fmt::format("{} has no throughput groups", control.type->name),
                    "use a connection of type cosmosdb");
      return;
    }
    CheckControlContainer(section, place);
    config_.session.throughput.board = [control, group = GroupOf(section.throughput),
                                        connection = config_.connection,
                                        endpoint = config_.endpoint] {
      return control.type->open_share_board({control.options.get(), nullptr, kFolder}, group,
                                            {connection.get(), endpoint.get(), kFolder});
    };
  }

  void ReadReading(const ReadOptionsSection& section) {
    ReadPart& part = config_.read.part;
    if (!ReadPlace(section.from, &part.from) || !ReadPlace(section.to, &part.to) ||
        part.from >= part.to) {
      problems_.Add({1, 1, 1}, "`read.from` and `read.to` are no part of 0 to 1");
    }
    config_.read.query = {section.query, section.parameters};
    config_.read.batch_rows_max = section.batch_rows;
    config_.read.columns = {.relaxed = section.relaxed, .epoch_millis = section.epoch_millis};
  }

  static bool ReadPlace(const std::string& text, double* place) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), *place);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() && *place >= 0 &&
           *place <= 1;
  }

  // Items of the group among the documents would be taken for theirs.
  void CheckControlContainer(const OptionsSection& section, const YamlPlace& place) {
    const GroupSection& group = section.throughput.group;
    if (section.control.node != nullptr || config_.endpoint == nullptr ||
        !config_.type->same_container ||
        !config_.type->same_container(SettingsOf(config_), {group.database, group.container})) {
      return;
    }
    problems_.Add(place, "the session writes into the group's control container",
                  "give the group a container of its own");
  }

  static ShareGroup GroupOf(const ThroughputSection& throughput) {
    return {.name = throughput.group.name,
            .control = {throughput.group.database, throughput.group.container},
            .units_per_second = throughput.limit.units_per_second,
            .share = throughput.limit.share};
  }

  YamlDocument document_;
  Problems problems_;
  EmbeddedConfig config_;
};

Result<std::unique_ptr<Destination>> OpenDestination(const EmbeddedConfig& config) {
  return config.type->open_destination(SettingsOf(config), config.documents);
}

// Without the partition key, which is what is asked for.
Result<std::unique_ptr<Destination>> OpenToAsk(EmbeddedConfig config) {
  if (config.documents.partition_key_paths.empty()) {
    config.documents.partition_key_paths = {kAnyPartitionKey};
  }
  return OpenDestination(config);
}

Result<Partitioning::Facts> AskFacts(const EmbeddedConfig& config, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Destination> destination, OpenToAsk(config));
  ASSIGN_OR_RETURN(const std::unique_ptr<Partitioning> partitioning,
                   destination->OpenPartitioning(0, ctx));
  if (!partitioning->facts().present_key.empty()) return partitioning->facts();
  return NotFound(fmt::format("there is no container {}",
                              config.type->describe_destination(SettingsOf(config))))
      .WithHint("create it first, with the partition key that its readers need");
}

Status CompletePartitionKey(EmbeddedConfig& config, const CallContext& ctx) {
  if (!config.documents.partition_key_paths.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const Partitioning::Facts facts, AskFacts(config, ctx));
  config.documents.partition_key_paths = facts.present_key;
  return Status::Ok();
}

// In how many parts it is worth to be read at a time.
Result<uint32_t> AskReadParts(EmbeddedConfig config, const Partitioning::Facts& facts,
                              const CallContext& ctx) {
  config.documents.partition_key_paths = facts.present_key;
  ASSIGN_OR_RETURN(const std::unique_ptr<Destination> destination, OpenDestination(config));
  if (!config.read.query.empty()) {
    RETURN_IF_ERROR(OpenQuery(*destination, config.read, ctx).status());
  }
  auto* places = dynamic_cast<PlaceReading*>(destination.get());
  if (places == nullptr) return 1;
  ASSIGN_OR_RETURN(const std::unique_ptr<DocumentReader> reader,
                   places->OpenReaderOfPart(0, 1, ctx));
  return reader == nullptr ? 1 : std::max<uint32_t>(facts.ranges, 1);
}

}  // namespace

Result<EmbeddedConfig> ParseEmbeddedConfig(std::string text) {
  Result<YamlDocument> document = ParseYaml(std::move(text), "");
  if (!document.ok()) return InvalidArgument("the options are not JSON");
  return Reader(*std::move(document)).Read();
}

Result<DestinationFacts> DescribeDestination(const EmbeddedConfig& config, const CallContext& ctx) {
  DestinationFacts facts;
  facts.place = config.type->describe_destination(SettingsOf(config));
  ASSIGN_OR_RETURN(const Partitioning::Facts found, AskFacts(config, ctx));
  facts.partition_key = found.present_key;
  ASSIGN_OR_RETURN(facts.read_parts, AskReadParts(config, found, ctx));
  if (config.session.throughput.board) {
    ASSIGN_OR_RETURN(const std::unique_ptr<ShareBoard> board, config.session.throughput.board());
    RETURN_IF_ERROR(board->Check(ctx).WithContext("throughput.group"));
  }
  return facts;
}

Result<EmbeddedSession> OpenEmbeddedSession(EmbeddedConfig config,
                                            std::shared_ptr<const OwnedSchema> schema,
                                            const CallContext& ctx) {
  RETURN_IF_ERROR(CompletePartitionKey(config, ctx));
  EmbeddedSession opened;
  ASSIGN_OR_RETURN(opened.destination, OpenDestination(config));
  ASSIGN_OR_RETURN(opened.session,
                   WriteSession::Open({*opened.destination, SystemClock()}, config.documents,
                                      std::move(schema), config.session, ctx));
  return opened;
}

Result<std::unique_ptr<DocumentReader>> OpenQuery(Destination& destination,
                                                  const ReadOptions& options,
                                                  const CallContext& ctx) {
  auto* queries = dynamic_cast<QueryReading*>(&destination);
  if (queries == nullptr) return Unsupported("this destination takes no queries");
  return queries->OpenQueryOfPart(options.query, options.part.from, options.part.to, ctx);
}

Result<std::unique_ptr<Destination>> OpenForReading(EmbeddedConfig config, const CallContext& ctx) {
  RETURN_IF_ERROR(CompletePartitionKey(config, ctx));
  return OpenDestination(config);
}

}  // namespace spillway
