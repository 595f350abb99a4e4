#include "app/embedded_load.h"

#include <utility>

#include "app/part_text.h"
#include "app/run_settings.h"
#include "app/share_group.h"
#include "engine/split_run.h"
#include "state/state_json.h"

namespace spillway {
namespace {

bool IsTrue(const JsonNode& json, std::string_view name) {
  const JsonNode* found = json.Find(name);
  return found != nullptr && found->kind == JsonNode::Kind::kTrue;
}

// Left as it is where there is none.
template <typename T>
void ReadNumber(const JsonNode& json, std::string_view name, T& value) {
  const JsonNode* found = json.Find(name);
  if (found != nullptr && found->kind == JsonNode::Kind::kNumber) {
    value = static_cast<T>(found->number);
  }
}

}  // namespace

ThroughputLimit PartOf(ThroughputLimit limit, double share) {
  if (limit.share) *limit.share *= share;
  if (limit.units_per_second) *limit.units_per_second *= share;
  return limit;
}

Result<EmbeddedProject> ParseEmbeddedProject(std::string_view settings) {
  Result<JsonNode> json = ParseJsonTree(settings);
  if (!json.ok()) return InvalidArgument("the settings are not JSON");
  EmbeddedProject read;
  ASSIGN_OR_RETURN(std::string text, TextOf(*json, "project"));
  ASSIGN_OR_RETURN(const std::string path, TextOf(*json, "path"));
  ASSIGN_OR_RETURN(read.project, Project::Parse(std::move(text), path));
  ASSIGN_OR_RETURN(const std::string pipeline, TextOf(*json, "pipeline"));
  ASSIGN_OR_RETURN(read.pipeline, read.project->FindPipeline(pipeline));
  read.load_only = IsTrue(*json, "load_only");
  read.full = IsTrue(*json, "full");
  read.permit = IsTrue(*json, "permit");
  read.lent_share = IsTrue(*json, "lent_share");
  int64_t lingers_ms = 0;
  ReadNumber(*json, "lingers_ms", lingers_ms);
  read.lingers = std::chrono::milliseconds(lingers_ms);
  ReadNumber(*json, "at_a_time", read.at_a_time);
  ReadNumber(*json, "share", read.share);
  ReadNumber(*json, "lanes", read.lanes);
  ReadNumber(*json, "memory_bytes", read.memory_bytes);
  if (json->Find("scratch_folder") != nullptr) {
    ASSIGN_OR_RETURN(read.scratch_folder, TextOf(*json, "scratch_folder"));
  }
  return read;
}

EmbeddedLoad::EmbeddedLoad(EmbeddedProject settings)
    : settings_(std::move(settings)),
      exchange_(SystemClock(), settings_.at_a_time),
      thread_([this] {
        SyncRequest request;
        request.full = settings_.full;
        request.load_only = settings_.load_only;
        request.crew = settings_.load_only ? &exchange_ : nullptr;
        request.crew_lingers = settings_.lingers;
        SyncListener listener;
        listener.on_load = [this](const LoadProgressReport& report) {
          std::lock_guard lock(mutex_);
          progress_ = report;
        };
        result_ = SyncPipeline(*settings_.project, *settings_.pipeline, request, listener,
                               {.stop = stop_.get_token()});
        exchange_.Close();
      }) {}

std::optional<LoadProgressReport> EmbeddedLoad::progress() const {
  std::lock_guard lock(mutex_);
  return progress_;
}

EmbeddedLoad::~EmbeddedLoad() {
  Stop();
}

Result<SyncResult> EmbeddedLoad::Finish() {
  if (thread_.joinable()) thread_.join();
  if (!result_.has_value()) return InvalidArgument("the load was finished already");
  Result<SyncResult> result = *std::move(result_);
  result_.reset();
  return result;
}

EmbeddedPart::EmbeddedPart(EmbeddedProject settings, const std::stop_token& stop)
    : settings_(std::move(settings)),
      stop_(stop),
      permit_(SystemClock(), stop),
      share_(SystemClock()) {}

RunOptions EmbeddedPart::Options() {
  const PipelineConfig& pipeline = *settings_.pipeline;
  RunOptions options;
  options.pipeline = pipeline.name;
  options.target = TargetOf(*settings_.project, pipeline);
  options.mode = pipeline.sync.mode.write();
  options.settle = pipeline.sync.settle;
  options.memory_bytes_max = settings_.memory_bytes;
  options.readers_max = 1;
  options.lanes_max = settings_.lanes;
  options.spill_folder = settings_.scratch_folder;
  options.throughput.limit = pipeline.throughput.limit;
  if (pipeline.throughput.group.name.empty()) {
    if (settings_.lent_share) {
      options.throughput.lent = &share_;
    } else {
      options.throughput.limit = PartOf(options.throughput.limit, settings_.share);
    }
  } else {
    options.throughput.board = [this] {
      return OpenShareBoard(*settings_.project, *settings_.pipeline);
    };
  }
  return options;
}

Result<std::string> EmbeddedPart::Run(std::string_view part) {
  const CallContext ctx{.stop = stop_};
  ASSIGN_OR_RETURN(const ReadPartText read, ParsePartText(part));
  ASSIGN_OR_RETURN(const OpenedPipeline opened,
                   OpenPipeline(*settings_.project, *settings_.pipeline, ctx));
  ASSIGN_OR_RETURN(const CrewOutcome outcome,
                   RunSplits({.source = *opened.source,
                              .destination = *opened.destination,
                              .clock = SystemClock(),
                              .meter = meter_,
                              .right = settings_.permit ? &permit_ : nullptr},
                             settings_.pipeline->documents, Options(), read.work, ctx));
  return OutcomeText(read.part, outcome);
}

}  // namespace spillway
