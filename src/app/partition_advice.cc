#include "app/partition_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "advice/key_counter.h"
#include "advice/key_text.h"
#include "app/table_sample.h"
#include "engine/load_plan.h"
#include "transforms/document_encoder.h"
#include "transforms/nearest_name.h"

namespace spillway {
namespace {

// Encoded batches between readers and lanes: the share of the memory that a load has for them
// (docs/architecture.md), and so how far ahead of the slowest range it gets.
constexpr uint64_t kWindowShareOfMemory = 8;
constexpr uint64_t kRowsBetweenProgress = 50'000;
// Without statistics the size of the table is known after the first pass.
constexpr int kPassesMax = 2;

// Encodes rows with all of these fields as one key: taken apart, it is every candidate's.
class FieldEncoder {
 public:
  static Result<FieldEncoder> Make(const PipelineConfig& pipeline, const Snapshot& snapshot,
                                   const Capabilities& capabilities,
                                   const std::vector<std::string>& paths) {
    DocumentOptions options = pipeline.documents;
    options.partition_key_paths = paths;
    // Of a key that is none's: too long values are counted where they would be refused.
    Capabilities unlimited = capabilities;
    unlimited.limits.partition_key_bytes_max = UINT32_MAX;
    FieldEncoder made;
    ASSIGN_OR_RETURN(made.encoder_,
                     DocumentEncoder::Make(options, snapshot.schema()->get(), unlimited));
    return made;
  }

  Result<std::shared_ptr<EncodedBatch>> Encode(const Batch& batch) const {
    return encoder_->Encode(batch, Intent::kUpsert);
  }

 private:
  std::unique_ptr<DocumentEncoder> encoder_;
};

std::vector<std::string> PathsOf(std::span<const KeyField> fields) {
  std::vector<std::string> paths;
  for (const KeyField& field : fields) paths.push_back(field.path);
  return paths;
}

// "/a,/b": a comma in a name is not followed by a slash.
std::vector<std::string> SplitLevels(const std::string& text) {
  std::vector<std::string> levels;
  size_t begin = 0;
  for (size_t at = text.find(",/"); at != std::string::npos; at = text.find(",/", begin)) {
    levels.push_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  levels.push_back(text.substr(begin));
  return levels;
}

class Adviser {
 public:
  Adviser(const Project& project, const OpenedPipeline& opened, const AdviceRequest& request,
          const std::function<void(uint64_t)>& on_progress, const CallContext& ctx)
      : project_(project),
        opened_(opened),
        pipeline_(*opened.config),
        request_(request),
        on_progress_(on_progress),
        ctx_(ctx) {}

  Result<PartitionAdvice> Advise() {
    // Asked before anything is read, so that a destination without ranges says so at once.
    ASSIGN_OR_RETURN(partitioning_, opened_.destination->OpenPartitioning(0, ctx_));
    advice_.window_bytes = static_cast<double>(project_.memory_bytes() / kWindowShareOfMemory);
    RETURN_IF_ERROR(Open());
    RETURN_IF_ERROR(Choose());
    for (int pass = 0; pass < kPassesMax; ++pass) {
      RETURN_IF_ERROR(Count());
      const uint32_t ranges = partitioning_->facts().ranges;
      ASSIGN_OR_RETURN(partitioning_, opened_.destination->OpenPartitioning(advice_.bytes, ctx_));
      if (partitioning_->facts().ranges == ranges) break;
    }
    RankKeys(advice_.facts, &advice_.keys);
    return std::move(advice_);
  }

 private:
  Status Open() {
    SnapshotRequest request;
    request.at = request_.at;
    request.batch_bytes_target = kSampleBatchBytes;
    ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(pipeline_.documents));
    ASSIGN_OR_RETURN(request.filter, DocumentEncoder::Filter(pipeline_.documents));
    ASSIGN_OR_RETURN(snapshot_, opened_.source->OpenSnapshot(request, ctx_));
    advice_.table = snapshot_->info();
    found_ = FindKeyFields(pipeline_.documents, snapshot_->schema()->get());
    advice_.left_out = found_.left_out;
    return Status::Ok();
  }

  // The pipeline's key and those asked for.
  Status Want() {
    std::vector<std::string> configured;
    for (const std::string& path : pipeline_.documents.partition_key_paths) {
      ASSIGN_OR_RETURN(configured.emplace_back(), NormalPath(path));
    }
    const Status known = CheckPaths(configured);
    if (known.ok() && !configured.empty()) {
      wanted_.push_back({configured, false, true, false});
    } else if (!known.ok()) {
      advice_.left_out.push_back({fmt::format("{}", fmt::join(configured, ", ")),
                                  fmt::format("configured, but {}", known.message())});
    }
    for (const std::string& text : request_.candidates) RETURN_IF_ERROR(WantAsked(text));
    const auto& present = partitioning_->facts().present_key;
    advice_.key_present_differs = !present.empty() && present != configured;
    return Status::Ok();
  }

  Status WantAsked(const std::string& text) {
    KeyCandidate key;
    key.asked = true;
    for (const std::string& path : SplitLevels(text)) {
      ASSIGN_OR_RETURN(key.paths.emplace_back(), NormalPath(path));
    }
    RETURN_IF_ERROR(CheckPaths(key.paths).WithContext("--candidate " + text));
    const uint32_t levels_max = partitioning_->facts().key_levels_max;
    if (key.paths.size() > levels_max) {
      return InvalidArgument(
          fmt::format("--candidate {}: a key of this destination has at most {} "
                      "levels",
                      text, levels_max));
    }
    for (KeyCandidate& known : wanted_) {
      if (!known.SameKey(key)) continue;
      known.asked = true;
      return Status::Ok();
    }
    wanted_.push_back(std::move(key));
    return Status::Ok();
  }

  Status CheckPaths(const std::vector<std::string>& paths) const {
    for (const std::string& path : paths) {
      if (found_.Find(path) != nullptr) continue;
      for (const LeftOutKey& left_out : found_.left_out) {
        if (left_out.path == path) {
          return InvalidArgument(fmt::format("{} cannot be a key: {}", path, left_out.reason));
        }
      }
      const std::string inside = path + "/";
      for (const KeyField& field : found_.fields) {
        if (!field.path.starts_with(inside)) continue;
        return InvalidArgument(fmt::format(
            "{} is an object; a key is one of its members, such as {}", path, field.path));
      }
      return InvalidArgument(fmt::format("no column fills the path {}{}", path,
                                         DidYouMean(path, PathsOf(found_.fields))));
    }
    return Status::Ok();
  }

  bool IsWanted(const std::string& path) const {
    return std::any_of(wanted_.begin(), wanted_.end(), [&](const KeyCandidate& key) {
      return std::find(key.paths.begin(), key.paths.end(), path) != key.paths.end();
    });
  }

  // The fields that a sample is taken of.
  std::vector<KeyField> SampledFields() {
    std::vector<KeyField> fields;
    for (const KeyField& field : found_.fields) {
      if (IsWanted(field.path)) {
        fields.push_back(field);
      } else if (!field.unlikely.empty()) {
        advice_.left_out.push_back(
            {field.path, field.unlikely + " (ask with --candidate to have it judged)"});
      } else if (fields.size() < kSampleFieldsMax) {
        fields.push_back(field);
      } else {
        advice_.left_out.push_back(
            {field.path, fmt::format("the table has more than {} fields that could be keys (ask "
                                     "with --candidate to have it judged)",
                                     kSampleFieldsMax)});
      }
    }
    return fields;
  }

  Status Choose() {
    RETURN_IF_ERROR(Want());
    const std::vector<KeyField> fields = SampledFields();
    ASSIGN_OR_RETURN(const FieldEncoder encoder,
                     FieldEncoder::Make(pipeline_, *snapshot_, opened_.destination->capabilities(),
                                        PathsOf(fields)));
    KeySample sample(static_cast<uint32_t>(fields.size()));
    std::vector<std::string_view> parts;
    uint64_t rows = 0;
    double bytes = 0;
    const auto visit = [&](const Batch& batch) -> Status {
      ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded, encoder.Encode(batch));
      rows += encoded->rows_read;
      for (const Document& document : encoded->documents) {
        bytes += static_cast<double>(document.body.size());
        SplitKey(document.partition_key, &parts);
        sample.Add(parts);
      }
      return Status::Ok();
    };
    RETURN_IF_ERROR(ReadSample(*snapshot_, visit, ctx_).status());
    const double table_rows = static_cast<double>(advice_.table.rows.value_or(0));
    const double expected = rows == 0 ? 0 : bytes / static_cast<double>(rows) * table_rows;
    ASSIGN_OR_RETURN(partitioning_, opened_.destination->OpenPartitioning(expected, ctx_));
    KeyChoice choice =
        ChooseKeys(fields, sample, std::move(wanted_), partitioning_->facts().key_levels_max);
    keys_ = std::move(choice.keys);
    for (LeftOutKey& key : choice.left_out) advice_.left_out.push_back(std::move(key));
    return Status::Ok();
  }

  // The pass over the table.
  Status Count() {
    std::vector<std::string> paths;
    for (const KeyCandidate& key : keys_) {
      for (const std::string& path : key.paths) {
        if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
      }
    }
    const Capabilities& capabilities = opened_.destination->capabilities();
    ASSIGN_OR_RETURN(const FieldEncoder encoder,
                     FieldEncoder::Make(pipeline_, *snapshot_, capabilities, paths));
    KeyCounter counter(*partitioning_, paths, capabilities.limits.partition_key_bytes_max,
                       advice_.window_bytes,
                       static_cast<double>(snapshot_->schema()->get().n_children));
    for (const KeyCandidate& key : keys_) RETURN_IF_ERROR(counter.AddKey(key));
    advice_.rows = advice_.documents = advice_.filtered = advice_.rejected = 0;
    for (uint32_t split = 0; split < snapshot_->splits().size(); ++split) {
      RETURN_IF_ERROR(CountSplit(split, encoder, counter));
    }
    return Take(counter);
  }

  Status CountSplit(uint32_t split, const FieldEncoder& encoder, KeyCounter& counter) {
    ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                     snapshot_->OpenSplit(split, 0, ctx_));
    while (true) {
      RETURN_IF_ERROR(ctx_.CheckNotStopped());
      ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx_));
      if (!batch) return Status::Ok();
      ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded, encoder.Encode(*batch));
      RETURN_IF_ERROR(counter.Add(*encoded));
      const uint64_t before = advice_.rows / kRowsBetweenProgress;
      advice_.rows += encoded->rows_read;
      advice_.documents += encoded->documents.size();
      advice_.filtered += encoded->rows_filtered;
      advice_.rejected += encoded->rejected.size();
      if (advice_.rows / kRowsBetweenProgress != before) on_progress_(advice_.rows);
    }
  }

  Status Take(const KeyCounter& counter) {
    if (advice_.documents == 0) return NothingToJudgeBy();
    advice_.facts = partitioning_->facts();
    advice_.keys.clear();
    for (const CountedKey& counted : counter.keys()) {
      KeyAdvice& key = advice_.keys.emplace_back();
      key.key = counted.key;
      key.figures = counted.tally.Figures();
      key.moment = found_.Find(counted.key.paths[0])->moment && !counted.key.joined;
    }
    advice_.bytes = advice_.keys.front().figures.bytes;
    advice_.units = advice_.keys.front().figures.units;
    return Status::Ok();
  }

  Status NothingToJudgeBy() const {
    const std::string where =
        fmt::format("{}, version {}", advice_.table.location, advice_.table.version);
    if (advice_.rows == 0 && !pipeline_.documents.filter.empty()) {
      return InvalidArgument(
          fmt::format("{}: the table has no rows that the filter `{}` lets pass: there is nothing "
                      "to judge a partition key by",
                      where, pipeline_.documents.filter));
    }
    if (advice_.rows == 0) {
      return InvalidArgument(
                 fmt::format(
                     "{}: the table has no rows: there is nothing to judge a partition key by",
                     where))
          .WithHint("advise by a version that has some: --version, --timestamp");
    }
    return InvalidArgument(
               fmt::format("{}: none of the {} rows becomes a document ({} filtered, {} "
                           "rejected): there is nothing to judge a partition key by",
                           where, advice_.rows, advice_.filtered, advice_.rejected))
        .WithHint(fmt::format("spillway plan {} says why rows are rejected", pipeline_.name));
  }

  const Project& project_;
  const OpenedPipeline& opened_;
  const PipelineConfig& pipeline_;
  const AdviceRequest& request_;
  const std::function<void(uint64_t)>& on_progress_;
  const CallContext& ctx_;
  std::unique_ptr<Partitioning> partitioning_;
  std::unique_ptr<Snapshot> snapshot_;
  KeyFields found_;
  std::vector<KeyCandidate> wanted_;
  std::vector<KeyCandidate> keys_;
  PartitionAdvice advice_;
};

}  // namespace

Result<PartitionAdvice> AdvisePartitionKey(const Project& project, const PipelineConfig& pipeline,
                                           const AdviceRequest& request,
                                           const std::function<void(uint64_t)>& on_progress,
                                           const CallContext& ctx) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline, ctx));
  Result<PartitionAdvice> advice = Adviser(project, opened, request, on_progress, ctx).Advise();
  if (advice.ok()) return advice;
  return std::move(advice).status().WithContext("pipelines." + pipeline.name);
}

}  // namespace spillway
