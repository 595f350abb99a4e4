#include "engine/load_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "engine/hold.h"

namespace spillway {
namespace {

constexpr const char* kFullHint = "to load it anew, run: spillway sync {} --full";

// Every part with its length in front, so that no two mappings give the same text.
class Text {
 public:
  Text& Add(std::string_view part) {
    text_ += fmt::format("{}:", part.size());
    text_ += part;
    return *this;
  }
  Text& Add(uint64_t number) { return Add(std::string_view(fmt::format("{}", number))); }
  template <typename T>
  Text& AddAll(const std::vector<T>& parts) {
    Add(uint64_t{parts.size()});
    for (const T& part : parts) Add(part);
    return *this;
  }
  Text& Add(const FieldMapping& mapping) { return Add(mapping.field).Add(mapping.column); }
  Text& Add(const ValuePolicy& policy) {
    Add(static_cast<uint64_t>(policy.nulls)).Add(static_cast<uint64_t>(policy.timestamps));
    Add(static_cast<uint64_t>(policy.decimals)).Add(static_cast<uint64_t>(policy.inexact_numbers));
    return Add(static_cast<uint64_t>(policy.non_finite));
  }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

Status NotTheSame(const LoadOptions& options, std::string what) {
  return Conflict(fmt::format("pipeline {}: {}", options.pipeline, what))
      .WithHint(fmt::format(kFullHint, options.pipeline));
}

// The stored checkpoint against the snapshot that the run would go on with.
Status CheckSame(const LoadOptions& options, const Checkpoint& stored, const Snapshot& snapshot,
                 const std::string& mapping_hash) {
  if (stored.table_id != snapshot.info().table_id) {
    return NotTheSame(options, fmt::format("the table at {} is not the one that was loaded: it has"
                                           " been created anew, or the path names another",
                                           snapshot.info().location));
  }
  if (stored.mapping_hash != mapping_hash) {
    return NotTheSame(options,
                      "the mapping, the mode or the destination has changed since the load began");
  }
  return Status::Ok();
}

Status AskedForAnother(const LoadOptions& options, const Checkpoint& stored, int64_t asked) {
  return NotTheSame(
      options, fmt::format("version {} is asked for, but version {} {}", asked, stored.version,
                           stored.phase == LoadPhase::kLoaded ? "is loaded" : "is being loaded"));
}

}  // namespace

std::string MappingHash(const DocumentOptions& documents, WriteMode mode,
                        const std::string& target) {
  Text text;
  text.AddAll(documents.columns).AddAll(documents.fields).AddAll(documents.id_columns);
  text.Add(documents.id_separator).Add(static_cast<uint64_t>(documents.id_escaping));
  text.AddAll(documents.partition_key_paths).Add(documents.policy);
  text.Add(uint64_t{documents.column_policies.size()});
  for (const auto& [column, policy] : documents.column_policies) text.Add(column).Add(policy);
  text.Add(documents.filter).Add(static_cast<uint64_t>(mode)).Add(target);
  if (documents.soft_delete.has_value()) {
    text.Add(documents.soft_delete->field).Add(documents.soft_delete->value);
  }
  const Hash128 hash = Murmur3x64_128(text.str());
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

Checkpoint CheckpointOf(const Snapshot& snapshot, std::string mapping_hash) {
  Checkpoint checkpoint;
  checkpoint.table_id = snapshot.info().table_id;
  checkpoint.location = snapshot.info().location;
  checkpoint.version = snapshot.info().version;
  checkpoint.mapping_hash = std::move(mapping_hash);
  checkpoint.splits = snapshot.splits().size();
  checkpoint.position = snapshot.position();
  return checkpoint;
}

uint64_t BatchBytesTarget(uint64_t memory_bytes_max) {
  constexpr uint64_t kPartOfMemory = 128;
  return std::clamp<uint64_t>(memory_bytes_max / kPartOfMemory, 256 << 10, 4 << 20);
}

uint64_t ReadingBytesMax(uint64_t memory_bytes_max) {
  return memory_bytes_max / 8 * 3;
}

Result<Checkpoint> LoadedCheckpoint(StateStore& state, std::string_view pipeline) {
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored, state.LoadCheckpoint(pipeline));
  if (!stored.has_value() || stored->phase != LoadPhase::kLoaded) {
    return InvalidArgument(fmt::format("pipeline {}: the table is not loaded yet", pipeline));
  }
  return *stored;
}

Result<std::unique_ptr<Snapshot>> OpenMapped(Source& source, const DocumentOptions& documents,
                                             const VersionSelector& at, uint64_t batch_bytes_target,
                                             const CallContext& ctx) {
  SnapshotRequest request;
  request.at = at;
  request.batch_bytes_target = batch_bytes_target;
  ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(documents));
  ASSIGN_OR_RETURN(request.filter, DocumentEncoder::Filter(documents));
  return source.OpenSnapshot(request, ctx);
}

namespace {

class Planner {
 public:
  Planner(const LoadParts& parts, const DocumentOptions& documents, const LoadOptions& options,
          const CallContext& ctx)
      : parts_(parts), documents_(documents), options_(options), ctx_(ctx) {}

  Result<LoadPlan> Plan() {
    mapping_hash_ = MappingHash(documents_, options_.mode, options_.target);
    ASSIGN_OR_RETURN(std::optional<Checkpoint> stored,
                     parts_.state.LoadCheckpoint(options_.pipeline));
    if (!stored.has_value() || options_.restart) return Fresh(stored);
    return stored->phase == LoadPhase::kLoaded ? AlreadyLoaded(*stored) : Resume(*stored);
  }

 private:
  Result<std::unique_ptr<Snapshot>> OpenSnapshot(const VersionSelector& at) {
    return OpenMapped(parts_.source, documents_, at, BatchBytesTarget(options_.memory_bytes_max),
                      ctx_);
  }

  Status MakeEncoder(LoadPlan& plan) {
    ASSIGN_OR_RETURN(plan.encoder, DocumentEncoder::Make(documents_, plan.snapshot->schema()->get(),
                                                         parts_.destination.capabilities()));
    return Status::Ok();
  }

  Result<LoadPlan> Fresh(const std::optional<Checkpoint>& stored) {
    LoadPlan plan;
    ASSIGN_OR_RETURN(plan.snapshot, OpenSnapshot(options_.at));
    RETURN_IF_ERROR(MakeEncoder(plan));
    plan.checkpoint = CheckpointOf(*plan.snapshot, mapping_hash_);
    plan.checkpoint.sweep = options_.sweep;
    plan.checkpoint.generation = options_.generation;
    plan.replaces_a_load = stored.has_value();
    if (!options_.at.given()) plan.latest_version = plan.checkpoint.version;
    return plan;
  }

  Result<LoadPlan> AlreadyLoaded(const Checkpoint& stored) {
    if (stored.hold == Hold::kRollingBack) return CheckNotHeld(stored, options_.pipeline);
    LoadPlan plan;
    plan.start = LoadStart::kAlreadyLoaded;
    ASSIGN_OR_RETURN(plan.snapshot, OpenSnapshot(options_.at));
    RETURN_IF_ERROR(CheckSame(options_, stored, *plan.snapshot, mapping_hash_));
    const int64_t version = plan.snapshot->info().version;
    if (options_.at.given() && version != stored.version) {
      return AskedForAnother(options_, stored, version);
    }
    if (!options_.at.given()) plan.latest_version = version;
    plan.checkpoint = stored;
    return plan;
  }

  Result<LoadPlan> Resume(const Checkpoint& stored) {
    if (options_.at.given()) RETURN_IF_ERROR(CheckAskedVersion(stored));
    LoadPlan plan;
    plan.start = LoadStart::kResumed;
    VersionSelector pinned;
    pinned.version = stored.version;
    Result<std::unique_ptr<Snapshot>> snapshot = OpenSnapshot(pinned);
    if (!snapshot.ok()) return CannotReopen(stored, std::move(snapshot).status());
    plan.snapshot = *std::move(snapshot);
    RETURN_IF_ERROR(CheckSame(options_, stored, *plan.snapshot, mapping_hash_));
    if (stored.splits != plan.snapshot->splits().size()) {
      return NotTheSame(options_,
                        fmt::format("version {} has {} files to read now and had {} when"
                                    " the load began",
                                    stored.version, plan.snapshot->splits().size(), stored.splits));
    }
    RETURN_IF_ERROR(MakeEncoder(plan));
    plan.checkpoint = stored;
    ASSIGN_OR_RETURN(plan.progress, parts_.state.LoadProgress(options_.pipeline));
    return plan;
  }

  Status CheckAskedVersion(const Checkpoint& stored) {
    int64_t asked = options_.at.version.value_or(stored.version);
    if (options_.at.timestamp_ms.has_value()) {
      ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot, OpenSnapshot(options_.at));
      asked = snapshot->info().version;
    }
    return asked == stored.version ? Status::Ok() : AskedForAnother(options_, stored, asked);
  }

  Status CannotReopen(const Checkpoint& stored, Status why) {
    if (why.code() != StatusCode::kNotFound && why.code() != StatusCode::kDataLoss) return why;
    return std::move(why)
        .WithContext(fmt::format("version {}, which is being loaded, cannot be read any more",
                                 stored.version))
        .WithHint(fmt::format(kFullHint, options_.pipeline));
  }

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const LoadOptions& options_;
  const CallContext& ctx_;
  std::string mapping_hash_;
};

}  // namespace

Result<LoadPlan> PlanLoad(const LoadParts& parts, const DocumentOptions& documents,
                          const LoadOptions& options, const CallContext& ctx) {
  return Planner(parts, documents, options, ctx).Plan();
}

}  // namespace spillway
