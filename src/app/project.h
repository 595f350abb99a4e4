// Project: a checked spillway.yaml as plain values: every name resolved, every default filled in,
// no contradiction left. Loading it touches nothing but the file: no secret is fetched, nothing is
// opened.
#ifndef SPILLWAY_APP_PROJECT_H_
#define SPILLWAY_APP_PROJECT_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/project_spec.h"
#include "base/result.h"
#include "connectors.h"

namespace spillway {

inline constexpr std::string_view kProjectFileName = "spillway.yaml";

struct ConnectionConfig {
  std::string name;
  const ConnectorType* type = nullptr;
  std::shared_ptr<const void> options;  // of type->connection
};

struct PipelineConfig {
  std::string name;
  const ConnectionConfig* source_connection = nullptr;
  std::shared_ptr<const void> source;  // of the connector's `source` options
  const ConnectionConfig* destination_connection = nullptr;
  std::shared_ptr<const void> destination;
  DocumentOptions documents;
  SyncSection sync;
  ThroughputSection throughput;
  const ConnectionConfig* group_connection = nullptr;  // of throughput.group, when it has a name
  // All that spillway.yaml says of it, as it stands there: "sync.mode" → "upsert".
  std::map<std::string, std::string> settings;
};

// A state that a connection keeps instead of a local file.
struct RemoteState {
  const ConnectionConfig* connection = nullptr;
  TablePlace place;
};

// What a configuration is judged by, besides what stands in it.
struct ProjectRules {
  bool allow_inline_secrets = false;
};

class Project {
 public:
  // kInvalidArgument with every problem of the file, each at its place.
  static Result<std::unique_ptr<Project>> Load(const std::string& path,
                                               const ProjectRules& rules = {});
  // The same from text; `path` names it in messages and says where relative paths start.
  static Result<std::unique_ptr<Project>> Parse(std::string text, const std::string& path,
                                                const ProjectRules& rules = {});

  const std::string& path() const { return path_; }
  // The folder of spillway.yaml: where relative paths start.
  const std::string& folder() const { return folder_; }
  uint64_t memory_bytes() const { return memory_bytes_; }
  // Of the local store; REQUIRES: no remote_state().
  std::string state_path() const;
  // nullopt: the state is a local file.
  const std::optional<RemoteState>& remote_state() const { return remote_state_; }
  // Beside the local store, or where it would be: rows' identities and other temporary files of
  // runs. They stay on the machine.
  std::string spill_folder() const;
  // In the same place: how the runs of this machine divide their limits.
  std::string shares_folder() const;

  const std::map<std::string, ConnectionConfig>& connections() const { return connections_; }
  const std::map<std::string, PipelineConfig>& pipelines() const { return pipelines_; }

  // kInvalidArgument, naming the nearest and listing the known, when there is none of that name.
  Result<const PipelineConfig*> FindPipeline(std::string_view name) const;
  Result<const ConnectionConfig*> FindConnection(std::string_view name) const;

 private:
  friend class ProjectReader;
  Project() = default;

  std::string path_;
  std::string folder_;
  uint64_t memory_bytes_ = 0;
  std::string state_file_;
  std::optional<RemoteState> remote_state_;
  std::map<std::string, ConnectionConfig> connections_;
  std::map<std::string, PipelineConfig> pipelines_;
};

// The spillway.yaml of `folder` or of the nearest folder above it; nullopt when there is none.
std::optional<std::string> FindProjectFile(const std::string& folder);

}  // namespace spillway

#endif  // SPILLWAY_APP_PROJECT_H_
