#include "app/project.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <utility>

#include "app/document_sections.h"
#include "config/relative_path.h"

namespace spillway {
namespace {

constexpr size_t kNameBytesMax = 64;

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
         });
}

template <typename Map>
std::vector<std::string> NamesOf(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

std::string NameAdvice(std::string_view wrong, const std::vector<std::string>& names) {
  if (names.empty()) return "there is none in the file";
  const std::string nearest = NearestName(wrong, names);
  if (!nearest.empty()) return fmt::format("did you mean `{}`?", nearest);
  return fmt::format("known: {}", fmt::join(names, ", "));
}

YamlPlace PlaceOf(const YamlNode& map, std::string_view key, YamlPlace fallback) {
  const YamlNode* node = map.is_map() ? map.Find(key) : nullptr;
  return node == nullptr ? fallback : node->place;
}

}  // namespace

// Reads one document into one Project; lives for one call of Parse.
class ProjectReader {
 public:
  ProjectReader(const YamlDocument& document, const ProjectRules& rules) : document_(document) {
    if (rules.allow_inline_secrets) problems_.AllowInlineSecrets();
  }

  Result<std::unique_ptr<Project>> Read() {
    project_.reset(new Project());
    project_->path_ = document_.path;
    project_->folder_ = std::filesystem::path(document_.path).parent_path().string();
    if (project_->folder_.empty()) project_->folder_ = ".";

    ProjectSection section;
    ProjectSpec().Read(document_.root, {"", {1, 1, 1}, problems_}, section);
    project_->memory_bytes_ = section.memory.bytes;
    project_->state_file_ = section.state.path;
    ReadConnections(section.connections);
    ReadRemoteState(section.state);
    ReadPipelines(section.pipelines);
    CheckStateContainer();
    CheckIndexes();
    RETURN_IF_ERROR(problems_.ToStatus(document_).WithHint("spillway check"));
    return std::move(project_);
  }

 private:
  // Calls `read` for every well-named entry of a section.
  template <typename Read>
  void ReadNamed(const RawSection& section, const std::string& where, Read read) {
    if (section.node == nullptr) return;
    if (!section.node->is_map()) {
      problems_.Add(section.owner, fmt::format("`{}` must be a map of names", where));
      return;
    }
    for (const YamlEntry& entry : section.node->entries) {
      if (IsName(entry.key)) {
        read(entry);
      } else {
        problems_.Add(entry.key_place, fmt::format("`{}` is not a name", entry.key),
                      fmt::format("use letters, digits, `-` and `_`, at most {}", kNameBytesMax));
      }
    }
  }

  void ReadConnections(const RawSection& section) {
    ReadNamed(section, "connections", [this](const YamlEntry& entry) { ReadConnection(entry); });
  }

  void ReadConnection(const YamlEntry& entry) {
    const Reading reading{JoinPath("connections", entry.key), entry.key_place, problems_};
    // Kept even when it is wrong, so that a pipeline's reference to it is not reported too.
    ConnectionConfig& connection = project_->connections_[entry.key];
    connection.name = entry.key;
    ConnectionSection common;
    const YamlNode* type = entry.value.is_map() ? entry.value.Find("type") : nullptr;
    if (type == nullptr || !type->is_scalar())
      return ConnectionSpec().Read(entry.value, reading, common);
    connection.type = FindConnector(type->text);
    if (connection.type == nullptr) {
      std::vector<std::string> names;
      for (const ConnectorType& known : Connectors()) names.push_back(known.name);
      problems_.Add(type->place, fmt::format("`{}` is not a type of connection", type->text),
                    NameAdvice(type->text, names));
      return;
    }
    const std::shared_ptr<void> options = connection.type->connection.make();
    connection.options = options;
    const std::array<SpecPart, 2> parts = {
        {{&ConnectionSpec(), &common}, {connection.type->connection.spec, options.get()}}};
    ReadParts(entry.value, reading, parts);
  }

  void ReadRemoteState(const StateSection& section) {
    const YamlNode* node = document_.root.is_map() ? document_.root.Find("state") : nullptr;
    if (node == nullptr || !node->is_map()) return;
    const bool remote = section.store == StateKind::kConnection;
    for (const std::string_view key : {"path", "connection", "database", "container"}) {
      const bool fits = remote ? key != "path" : key == "path";
      const YamlNode* given = node->Find(key);
      if (given == nullptr || fits) continue;
      problems_.Add(given->place, fmt::format("`state.{}` does not belong to this store", key),
                    remote ? "leave it out: a connection keeps the state"
                           : "leave it out, or name the connection's type as the `store`");
    }
    if (!remote) return;
    project_->remote_state_ = RemoteState{nullptr, {section.database, section.container}};
    const YamlNode* name = node->Find("connection");
    if (name == nullptr) {
      problems_.Add(node->place, "`state.connection` is missing",
                    NameAdvice("", NamesOf(project_->connections_)));
      return;
    }
    const auto found = project_->connections_.find(name->text);
    if (found == project_->connections_.end()) {
      problems_.Add(name->place, fmt::format("there is no connection `{}`", name->text),
                    NameAdvice(name->text, NamesOf(project_->connections_)));
      return;
    }
    const ConnectorType* type = found->second.type;
    if (type != nullptr && !type->open_table) {
      problems_.Add(name->place,
                    fmt::format("connection `{}` ({}) cannot keep a state", name->text, type->name),
                    "use a connection whose type is the `store`");
    }
    project_->remote_state_->connection = &found->second;
  }

  // Documents of ours among the user's would be taken for theirs: by readers, and by a sweep.
  void CheckStateContainer() {
    if (!project_->remote_state_.has_value()) return;
    const RemoteState& state = *project_->remote_state_;
    for (const auto& [name, pipeline] : project_->pipelines_) {
      const ConnectionConfig* connection = pipeline.destination_connection;
      if (connection == nullptr || connection != state.connection ||
          pipeline.destination == nullptr || !connection->type->same_container) {
        continue;
      }
      if (connection->type->same_container(
              {connection->options.get(), pipeline.destination.get(), project_->folder_},
              state.place)) {
        const YamlNode* node = document_.root.Find("state");
        problems_.Add(PlaceOf(*node, "container", node->place),
                      fmt::format("pipeline `{}` writes into the container of the state", name),
                      "give the state a container of its own");
      }
    }
  }

  // Another machine would not know what a window of this one's index had begun to write.
  void CheckIndexes() {
    if (!project_->remote_state_.has_value()) return;
    for (const auto& [name, pipeline] : project_->pipelines_) {
      if (!pipeline.sync.index && pipeline.sync.changes != ChangePolicy::kIndex) continue;
      problems_.Add(document_.root.Find("state")->place,
                    fmt::format("pipeline `{}` keeps an index on this machine, but its state is in "
                                "a container",
                                name),
                    "keep the state in a file (`store: sqlite`), or do without the index");
    }
  }

  void ReadPipelines(const RawSection& section) {
    ReadNamed(section, "pipelines", [this](const YamlEntry& entry) { ReadPipeline(entry); });
  }

  static void Flatten(const YamlNode& node, const std::string& path,
                      std::map<std::string, std::string>& settings) {
    if (node.is_scalar()) settings[path] = node.text;
    if (node.is_list()) settings[path] = ListText(node);
    if (!node.is_map()) return;
    for (const YamlEntry& member : node.entries) {
      Flatten(member.value, JoinPath(path, member.key), settings);
    }
  }

  static std::string ListText(const YamlNode& list) {
    std::string text;
    const auto add = [&](const YamlNode& item, const std::string& key) {
      text += (text.empty() ? "" : ", ") + key + (item.is_scalar() ? item.text : ListText(item));
    };
    for (const YamlNode& item : list.items) add(item, "");
    for (const YamlEntry& entry : list.entries) add(entry.value, entry.key + ": ");
    return list.is_map() ? "{" + text + "}" : "[" + text + "]";
  }

  void ReadPipeline(const YamlEntry& entry) {
    const Reading reading{JoinPath("pipelines", entry.key), entry.key_place, problems_};
    PipelineSection section;
    PipelineSpec().Read(entry.value, reading, section);
    PipelineConfig& pipeline = project_->pipelines_[entry.key];
    pipeline.name = entry.key;
    Flatten(entry.value, "", pipeline.settings);
    pipeline.sync = section.sync;
    pipeline.throughput = section.throughput;
    const SourceSection source = ReadSource(section.source, reading.where, pipeline);
    const DestinationSection destination =
        ReadDestination(section.destination, reading.where, pipeline);
    ReadGroup(entry, pipeline);
    pipeline.documents = MakeDocuments(source, destination, section.documents);
    pipeline.documents.soft_delete = section.sync.mode.soft_delete;
    pipeline.documents.stamp_field = section.stamp.field;
    if (entry.value.is_map()) {
      CheckContradictions(entry, section, pipeline.documents);
    }
  }

  SourceSection ReadSource(const RawSection& raw, const std::string& where,
                           PipelineConfig& pipeline) {
    SourceSection section;
    if (raw.node == nullptr) return section;
    const Reading reading{JoinPath(where, "source"), raw.owner, problems_};
    const ConnectionConfig* connection = Connection(raw, reading);
    pipeline.source_connection = connection;
    const OptionsType* type =
        connection == nullptr || connection->type == nullptr ? nullptr : &connection->type->source;
    pipeline.source = ReadEndpoint(raw, reading, {&SourceSpec(), &section}, type, "source");
    return section;
  }

  DestinationSection ReadDestination(const RawSection& raw, const std::string& where,
                                     PipelineConfig& pipeline) {
    DestinationSection section;
    if (raw.node == nullptr) return section;
    const Reading reading{JoinPath(where, "destination"), raw.owner, problems_};
    const ConnectionConfig* connection = Connection(raw, reading);
    pipeline.destination_connection = connection;
    const OptionsType* type = connection == nullptr || connection->type == nullptr
                                  ? nullptr
                                  : &connection->type->destination;
    pipeline.destination =
        ReadEndpoint(raw, reading, {&DestinationSpec(), &section}, type, "destination");
    for (const std::string& path : section.partition_key) CheckPartitionKeyPath(raw, path);
    return section;
  }

  // Those who share a limit must have one to share.
  void ReadGroup(const YamlEntry& entry, PipelineConfig& pipeline) {
    const GroupSection& group = pipeline.throughput.group;
    if (group.name.empty()) return;
    const YamlNode& node = *entry.value.Find("throughput")->Find("group");
    if (!pipeline.throughput.limit.is_set()) {
      problems_.Add(node.place, "`throughput.group` shares a limit, and there is none",
                    "add `limit`, the same for every member: throughput: {limit: 30%, group: …}");
    }
    pipeline.group_connection = pipeline.destination_connection;
    if (!group.connection.empty()) {
      const auto found = project_->connections_.find(group.connection);
      pipeline.group_connection = found == project_->connections_.end() ? nullptr : &found->second;
    }
    if (pipeline.group_connection == nullptr && !group.connection.empty()) {
      problems_.Add(PlaceOf(node, "connection", node.place),
                    fmt::format("there is no connection `{}`", group.connection),
                    NameAdvice(group.connection, NamesOf(project_->connections_)));
    }
    if (pipeline.group_connection == nullptr || pipeline.group_connection->type == nullptr) return;
    if (!pipeline.group_connection->type->open_share_board) {
      problems_.Add(
          PlaceOf(node, "connection", node.place),
          fmt::format("connection `{}` ({}) has no throughput groups",
                      pipeline.group_connection->name, pipeline.group_connection->type->name),
          "use a connection of type cosmosdb");
    }
    CheckControlContainer(node, pipeline);
  }

  // Items of the group among the user's documents would be taken for theirs.
  void CheckControlContainer(const YamlNode& node, const PipelineConfig& pipeline) {
    const ConnectionConfig* connection = pipeline.destination_connection;
    if (connection != pipeline.group_connection || pipeline.destination == nullptr ||
        !connection->type->same_container) {
      return;
    }
    const GroupSection& group = pipeline.throughput.group;
    if (!connection->type->same_container(
            {connection->options.get(), pipeline.destination.get(), project_->folder_},
            {group.database, group.container})) {
      return;
    }
    problems_.Add(
        PlaceOf(node, "container", node.place),
        fmt::format("pipeline `{}` writes into the group's control container", pipeline.name),
        "give the group a container of its own");
  }

  void CheckPartitionKeyPath(const RawSection& raw, const std::string& path) {
    if (path.size() >= 2 && path.front() == '/') return;
    problems_.Add(PlaceOf(*raw.node, "partition_key", raw.owner),
                  fmt::format("`{}` is not a partition key path", path),
                  fmt::format("write `/{}`", path.empty() || path == "/" ? "category" : path));
  }

  // Without a known connection the connector's own keys cannot be told from mistakes: they are
  // left.
  std::shared_ptr<const void> ReadEndpoint(const RawSection& raw, const Reading& reading,
                                           SpecPart common, const OptionsType* type,
                                           std::string_view role) {
    if (type == nullptr) return nullptr;
    if (type->spec == nullptr) {
      problems_.Add(PlaceOf(*raw.node, "connection", raw.owner),
                    fmt::format("this connection cannot be a {}", role));
      return nullptr;
    }
    std::shared_ptr<void> options = type->make();
    const std::array<SpecPart, 2> parts = {{common, {type->spec, options.get()}}};
    ReadParts(*raw.node, reading, parts);
    return options;
  }

  const ConnectionConfig* Connection(const RawSection& raw, const Reading& reading) {
    const YamlNode* name = raw.node->is_map() ? raw.node->Find("connection") : nullptr;
    if (name == nullptr) {
      problems_.Add(reading.owner, fmt::format("`{}.connection` is missing", reading.where),
                    NameAdvice("", NamesOf(project_->connections_)));
      return nullptr;
    }
    const auto found = project_->connections_.find(name->text);
    if (found != project_->connections_.end()) return &found->second;
    problems_.Add(name->place, fmt::format("there is no connection `{}`", name->text),
                  NameAdvice(name->text, NamesOf(project_->connections_)));
    return nullptr;
  }

  void CheckContradictions(const YamlEntry& entry, const PipelineSection& section,
                           const DocumentOptions& documents) {
    const YamlNode* sync = entry.value.Find("sync");
    if (sync == nullptr) return;
    const YamlPlace mode_place = PlaceOf(*sync, "mode", entry.key_place);
    if (section.sync.mode.write() == WriteMode::kAppend &&
        section.sync.duplicates == DuplicatePolicy::kLast) {
      problems_.Add(
          mode_place, "`mode: append` and `duplicates: last` contradict each other",
          "append keeps the first document of a key; use `duplicates: fail`, or `mode: upsert`");
    }
    if (documents.soft_delete.has_value()) CheckMark(mode_place, documents);
    CheckSwitch(*sync, entry);
  }

  // A new container holds what the table has, and nothing else.
  void CheckSwitch(const YamlNode& sync, const YamlEntry& entry) {
    const PipelineConfig& pipeline = project_->pipelines_[entry.key];
    const YamlPlace place = PlaceOf(sync, "strategy", entry.key_place);
    if (pipeline.sync.strategy != StrategyKind::kSwitch) {
      if (!pipeline.sync.switching.given) return;
      problems_.Add(PlaceOf(sync, "switch", place), "`sync.switch` belongs to `strategy: switch`",
                    "write `strategy: switch`, or leave it out");
      return;
    }
    const ConnectionConfig* connection = pipeline.destination_connection;
    const ConnectorType* type = connection == nullptr ? nullptr : connection->type;
    if (type != nullptr && (!type->container_name || !type->open_table)) {
      problems_.Add(place,
                    fmt::format("connection `{}` ({}) cannot switch: it has no containers that "
                                "a pointer could tell apart",
                                connection->name, type->name),
                    "use `strategy: direct`");
    }
    if (pipeline.sync.mode.write() != WriteMode::kMirror) {
      problems_.Add(place, "`strategy: switch` needs `mode: mirror`",
                    "a new container holds what the table has: what another mode keeps besides is "
                    "not in it; use `strategy: direct`");
    }
    if (pipeline.sync.index || pipeline.sync.changes == ChangePolicy::kIndex) {
      problems_.Add(place, "`strategy: switch` and an index exclude each other",
                    "a switch loads the table anew when its log is gone: do without the index");
    }
    if (type != nullptr) CheckPointer(pipeline, place);
  }

  // Among the user's documents, or the state's, the pointer would be taken for one of them.
  void CheckPointer(const PipelineConfig& pipeline, const YamlPlace& place) {
    const ConnectionConfig& connection = *pipeline.destination_connection;
    const TablePlace pointers{{}, pipeline.sync.switching.pointer.container};
    const bool among_data =
        connection.type->same_container && pipeline.destination != nullptr &&
        connection.type->same_container(
            {connection.options.get(), pipeline.destination.get(), project_->folder_}, pointers);
    const bool among_state = project_->remote_state_.has_value() &&
                             project_->remote_state_->connection == &connection &&
                             project_->remote_state_->place.container == pointers.container;
    if (!among_data && !among_state) return;
    problems_.Add(place,
                  fmt::format("the pointer would be in the container of the {}",
                              among_data ? "documents" : "state"),
                  "name another `switch.pointer.container`");
  }

  // Whatever else fills the field would set or clear the mark.
  void CheckMark(const YamlPlace& place, const DocumentOptions& documents) {
    const std::string& field = documents.soft_delete->field;
    const auto is_top_of = [&](const std::string& path, char separator) {
      return path == field || path.starts_with(field + separator);
    };
    for (const std::string& path : documents.partition_key_paths) {
      if (!path.starts_with('/') || !is_top_of(path.substr(1), '/')) continue;
      problems_.Add(place,
                    fmt::format("`{}` is the partition key and cannot mark a document", field),
                    "a partition key never changes: name another field");
    }
    for (const FieldMapping& mapping : documents.fields) {
      if (!is_top_of(mapping.field, '.')) continue;
      problems_.Add(place,
                    fmt::format("`{}` marks documents whose row is gone, and `documents.fields`"
                                " fills it with column `{}`",
                                field, mapping.column),
                    "give one of them another name");
    }
  }

  const YamlDocument& document_;
  Problems problems_;
  std::unique_ptr<Project> project_;
};

Result<std::unique_ptr<Project>> Project::Load(const std::string& path, const ProjectRules& rules) {
  ASSIGN_OR_RETURN(const YamlDocument document, ReadYaml(path));
  return ProjectReader(document, rules).Read();
}

Result<std::unique_ptr<Project>> Project::Parse(std::string text, const std::string& path,
                                                const ProjectRules& rules) {
  ASSIGN_OR_RETURN(const YamlDocument document, ParseYaml(std::move(text), path));
  return ProjectReader(document, rules).Read();
}

std::string Project::state_path() const {
  return ResolvePath(folder_, state_file_);
}

std::string Project::spill_folder() const {
  return (std::filesystem::path(state_path()).parent_path() / "spill").string();
}

std::string Project::shares_folder() const {
  return (std::filesystem::path(state_path()).parent_path() / "shares").string();
}

Result<const PipelineConfig*> Project::FindPipeline(std::string_view name) const {
  const auto found = pipelines_.find(std::string(name));
  if (found != pipelines_.end()) return &found->second;
  return InvalidArgument(fmt::format("{}: there is no pipeline `{}`", path_, name))
      .WithHint(NameAdvice(name, NamesOf(pipelines_)));
}

Result<const ConnectionConfig*> Project::FindConnection(std::string_view name) const {
  const auto found = connections_.find(std::string(name));
  if (found != connections_.end()) return &found->second;
  return InvalidArgument(fmt::format("{}: there is no connection `{}`", path_, name))
      .WithHint(NameAdvice(name, NamesOf(connections_)));
}

std::optional<std::string> FindProjectFile(const std::string& folder) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::absolute(folder, error).lexically_normal();
  for (bool more = !error; more; at = at.parent_path()) {
    const auto candidate = at / kProjectFileName;
    if (std::filesystem::is_regular_file(candidate, error)) {
      return std::filesystem::proximate(candidate, error).string();
    }
    more = at != at.parent_path();
  }
  return std::nullopt;
}

}  // namespace spillway
