// The shape of spillway.yaml: one plain struct per section, and its spec. What a connector adds to
// `connections`, `source` and `destination` is said by that connector (connectors.h).
#ifndef SPILLWAY_APP_PROJECT_SPEC_H_
#define SPILLWAY_APP_PROJECT_SPEC_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "connector/change_log.h"
#include "connector/destination.h"
#include "engine/load_run.h"
#include "transforms/document_options.h"

namespace spillway {

// A part whose spec is known only when other keys are: kept as it stands, read by Project::Load.
struct RawSection {
  const YamlNode* node = nullptr;
  YamlPlace owner;
};

enum class StateKind : uint8_t { kSqlite, kConnection };

struct StateSection {
  StateKind store = StateKind::kSqlite;
  std::string path = ".spillway/state.db";
  std::string connection;  // this and the rest: of kConnection
  std::string database;
  std::string container = "spillway-state";
};

struct ProjectSection {
  uint32_t version = 1;
  RawSection connections;
  StateSection state;
  ByteCount memory{256ull << 20};
  RawSection pipelines;
};

struct ConnectionSection {
  std::string type;
};

struct SourceSection {
  std::string connection;
  std::vector<std::string> columns;
  std::string filter;
};

struct IdSection {
  std::vector<std::string> columns = {"id"};
  std::string separator = "|";
  IdEscaping escaping = IdEscaping::kReject;
};

struct DestinationSection {
  std::string connection;
  IdSection id;
  std::vector<std::string> partition_key;
};

// What a column may say for itself; what it leaves out is as in `documents`.
struct ColumnSection {
  std::optional<NullPolicy> nulls;
  std::optional<TimestampPolicy> timestamps;
  std::optional<DecimalPolicy> decimals;
  std::optional<InexactNumberPolicy> inexact_numbers;
  std::optional<NonFinitePolicy> non_finite;
};

struct DocumentsSection {
  ValuePolicy policy;
  std::map<std::string, std::string> fields;
  std::map<std::string, ColumnSection> columns;
};

enum class StrategyKind : uint8_t { kDirect };

// A word, or a map with what the mode needs to know.
struct ModeSection {
  WriteMode word = WriteMode::kMirror;
  std::optional<SoftDelete> soft_delete;

  WriteMode write() const { return soft_delete ? WriteMode::kSoftDelete : word; }
};

struct SyncSection {
  ModeSection mode;
  ChangePolicy changes = ChangePolicy::kAuto;
  bool index = false;
  StrategyKind strategy = StrategyKind::kDirect;
  std::optional<Share> delete_guard = Share{0.1};  // nullopt: off
  RejectedBudget max_rejected;
  DuplicatePolicy duplicates = DuplicatePolicy::kFail;
  std::chrono::milliseconds settle{15'000};
  std::chrono::milliseconds poll{0};  // 0: the source's own interval
};

// Exactly one of the two numbers, in request units a second.
struct ProvisionedSection {
  std::optional<uint32_t> manual;
  std::optional<uint32_t> autoscale;
};

struct InitialLoadSection {
  std::optional<uint32_t> manual;
  std::optional<uint32_t> autoscale;
  bool light_indexing = false;
};

// With whom a limit is shared beyond this machine.
struct GroupSection {
  std::string name;  // empty: with nobody
  std::string connection;
  std::string database;
  std::string container = "spillway-throughput";
};

struct ThroughputSection {
  ThroughputLimit limit;   // not set: none
  ThroughputLimit verify;  // of reading the destination to compare it
  std::optional<InitialLoadSection> initial_load;
  std::optional<ProvisionedSection> changes;
  bool ask = true;
  GroupSection group;
};

struct StampSection {
  std::string field;
};

struct PipelineSection {
  RawSection source;
  RawSection destination;
  DocumentsSection documents;
  SyncSection sync;
  ThroughputSection throughput;
  StampSection stamp;
};

const Spec<ProjectSection>& ProjectSpec();
const Spec<ConnectionSection>& ConnectionSpec();
const Spec<PipelineSection>& PipelineSpec();
const Spec<SourceSection>& SourceSpec();
const Spec<DestinationSection>& DestinationSpec();
const Spec<DocumentsSection>& DocumentsSpec();
const Spec<SyncSection>& SyncSpec();
const Spec<ThroughputSection>& ThroughputSpec();
const Spec<StampSection>& StampSpec();

}  // namespace spillway

#endif  // SPILLWAY_APP_PROJECT_SPEC_H_
