#include "destinations/file/file_destination.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <system_error>

#include "destinations/file/partition_store.h"
#include "json/document_key.h"
#include "json/json_buffer.h"
#include "json/json_tree.h"

namespace spillway {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kRowsMax = 1000;
constexpr uint64_t kBytesTarget = 1 << 20;
constexpr uint64_t kManifestBytesMax = 1 << 20;
constexpr uint32_t kDepthMax = 1000;  // what the reader of JSON takes
constexpr const char* kManifestName = "_container.json";

using unsigned128 = unsigned __int128;

// What is shared by a destination, its writers and its readers.
struct Container {
  PosixFile manifest;  // open: holds the lock
  uint32_t partitions = 0;
  std::vector<std::unique_ptr<PartitionStore>> stores;

  // Partition i takes an even share of the routes.
  uint32_t PartitionOf(const Hash128& route) const {
    return static_cast<uint32_t>((static_cast<unsigned128>(route.high) * partitions) >> 64);
  }
  // The smallest route of partition i.
  Hash128 LowerBound(uint32_t partition) const {
    const unsigned128 scaled = (static_cast<unsigned128>(partition) << 64) + partitions - 1;
    return {static_cast<uint64_t>(scaled / partitions), 0};
  }
};

Hash128 RouteOf(std::string_view partition_key) {
  return Murmur3x64_128(partition_key);
}

class FileWriter final : public Writer {
 public:
  FileWriter(std::shared_ptr<Container> container, WriteMode mode, uint64_t document_bytes_max)
      : container_(std::move(container)), mode_(mode), document_bytes_max_(document_bytes_max) {}

  // What cannot be merged now stays in the journal, from where the next run and every reader take
  // it.
  ~FileWriter() override {
    for (const uint32_t partition : touched_) {
      [[maybe_unused]] const Status merged = container_->stores[partition]->Compact();
    }
  }

  Result<WriteReport> Write(std::span<const Document> documents, const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    WriteReport report;
    report.outcomes.assign(documents.size(), RowOutcome::kFailed);
    std::map<uint32_t, std::vector<uint32_t>> by_partition;
    for (uint32_t i = 0; i < documents.size(); ++i) {
      if (documents[i].body.size() > document_bytes_max_) {
        Reject(i, documents[i], &report);
      } else {
        by_partition[container_->PartitionOf(RouteOf(documents[i].partition_key))].push_back(i);
      }
    }
    for (const auto& [partition, rows] : by_partition) {
      WritePartition(partition, rows, documents, &report);
    }
    std::sort(report.failures.begin(), report.failures.end(),
              [](const RowFailure& a, const RowFailure& b) { return a.index < b.index; });
    return report;
  }

 private:
  void Reject(uint32_t row, const Document& document, WriteReport* report) {
    report->failures.push_back(
        {row, Disposition::kReject, "document_too_large",
         TooLarge(fmt::format("the document has {} bytes; the destination takes {}",
                              document.body.size(), document_bytes_max_))});
  }

  void WritePartition(uint32_t partition, const std::vector<uint32_t>& rows,
                      std::span<const Document> documents, WriteReport* report) {
    std::vector<const Document*> part;
    for (const uint32_t row : rows) part.push_back(&documents[row]);
    std::vector<RowOutcome> outcomes;
    touched_.insert(partition);
    ++report->requests;
    const Status status = container_->stores[partition]->Apply(part, mode_, &outcomes);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (status.ok()) {
        report->outcomes[rows[i]] = outcomes[i];
        report->bytes_sent += part[i]->body.size();
      } else {
        report->failures.push_back({rows[i], DispositionOf(status), "file_error", status});
      }
    }
  }

  static Disposition DispositionOf(const Status& status) {
    switch (status.code()) {
      case StatusCode::kUnavailable:
        return Disposition::kRetry;
      case StatusCode::kUnsure:
        return Disposition::kUnsure;
      default:
        return Disposition::kStop;
    }
  }

  std::shared_ptr<Container> container_;
  const WriteMode mode_;
  const uint64_t document_bytes_max_;
  std::set<uint32_t> touched_;
};

class FileReader final : public DocumentReader {
 public:
  FileReader(std::shared_ptr<Container> container, PosixFile part, DocumentKeyReader keys,
             size_t line_bytes_max)
      : container_(std::move(container)),
        part_(std::move(part)),
        keys_(std::move(keys)),
        lines_(&part_, line_bytes_max) {}

  Result<std::span<const StoredDocument>> NextPage(const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    page_.clear();
    size_t used = 0;
    uint64_t bytes = 0;
    while (part_.is_open() && used < kRowsMax && bytes < kBytesTarget) {
      ASSIGN_OR_RETURN(const auto line, lines_.Next());
      if (!line) break;
      if (used == rows_.size()) rows_.emplace_back();
      Row& row = rows_[used++];
      row.body = *line;
      bytes += line->size();
      Status read = keys_.Read(*line, &row.partition_key, &row.id);
      if (!read.ok()) return std::move(read).WithContext(part_.path());
    }
    for (size_t i = 0; i < used; ++i) {
      page_.push_back({rows_[i].body, rows_[i].id, rows_[i].partition_key});
    }
    return std::span<const StoredDocument>(page_);
  }

 private:
  struct Row {
    std::string body;
    std::string id;
    std::string partition_key;
  };

  std::shared_ptr<Container> container_;
  PosixFile part_;
  DocumentKeyReader keys_;
  LineReader lines_;
  std::vector<Row> rows_;  // keeps its memory from page to page
  std::vector<StoredDocument> page_;
};

class FileDestination final : public Destination {
 public:
  explicit FileDestination(FileOptions options)
      : options_(std::move(options)), path_(fs::path(options_.folder) / options_.container) {
    capabilities_.rows_max = kRowsMax;
    capabilities_.bytes_target = kBytesTarget;
    capabilities_.modes = {WriteMode::kMirror, WriteMode::kUpsert, WriteMode::kAppend,
                           WriteMode::kUpdate, WriteMode::kDelete};
    capabilities_.limits.document_bytes_max = options_.document_bytes_max;
    capabilities_.limits.depth_max = kDepthMax;
  }

  const Capabilities& capabilities() const override { return capabilities_; }

  Status Check(const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    fs::path existing = path_;
    std::error_code error;
    while (!fs::exists(existing, error) && existing.has_parent_path()) {
      existing = existing.parent_path();
    }
    if (existing.empty()) existing = ".";
    if (!fs::is_directory(existing, error)) {
      return InvalidArgument(fmt::format("{} is not a folder", existing.string()));
    }
    if (::access(existing.c_str(), W_OK | X_OK) == 0) return Status::Ok();
    return FileError("checking", existing.string(), errno);
  }

  Result<Preparation> Prepare(bool dry_run, const CallContext& ctx) override {
    RETURN_IF_ERROR(Check(ctx));
    Preparation preparation;
    const fs::path manifest = path_ / kManifestName;
    if (!fs::exists(manifest)) {
      preparation.steps.push_back(fmt::format("folder {} ({} files, key {})", path_.string(),
                                              options_.partitions,
                                              fmt::join(options_.partition_key_paths, ", ")));
      if (dry_run) return preparation;
      RETURN_IF_ERROR(Create(manifest));
    }
    std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(Open());
    return preparation;
  }

  Result<LanePlan> PlanLanes(uint32_t lanes_max, const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const auto container, UseContainer());
    const uint32_t lanes = std::clamp<uint32_t>(lanes_max, 1, container->partitions);
    LanePlan plan;
    for (uint32_t i = 0; i < lanes; ++i) {
      const auto first = static_cast<uint64_t>(i) * container->partitions / lanes;
      plan.lower_bounds.push_back(container->LowerBound(static_cast<uint32_t>(first)));
      plan.groups.push_back(i);
    }
    return plan;
  }

  Hash128 Route(const Document& document) const override { return RouteOf(document.partition_key); }

  Result<std::unique_ptr<Writer>> OpenWriter(WriteMode mode, const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    if (std::find(capabilities_.modes.begin(), capabilities_.modes.end(), mode) ==
        capabilities_.modes.end()) {
      return Unsupported(
          "the file destination has the modes mirror, upsert, append, update and "
          "delete alone");
    }
    ASSIGN_OR_RETURN(auto container, UseContainer());
    return std::unique_ptr<Writer>(
        std::make_unique<FileWriter>(std::move(container), mode, options_.document_bytes_max));
  }

  Result<std::vector<std::unique_ptr<DocumentReader>>> OpenReaders(
      const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const auto container, UseContainer());
    std::vector<std::unique_ptr<DocumentReader>> readers;
    for (const auto& store : container->stores) {
      RETURN_IF_ERROR(ctx.CheckNotStopped());
      ASSIGN_OR_RETURN(PosixFile part, store->OpenForReading());
      ASSIGN_OR_RETURN(
          auto keys, DocumentKeyReader::Make(options_.partition_key_paths, NumberForm::kAsWritten));
      readers.push_back(std::make_unique<FileReader>(container, std::move(part), std::move(keys),
                                                     options_.document_bytes_max));
    }
    return readers;
  }

  Result<std::optional<std::string>> ReadOne(std::string_view partition_key, std::string_view id,
                                             const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const auto container, UseContainer());
    PartitionStore& store = *container->stores[container->PartitionOf(RouteOf(partition_key))];
    return store.Find(DocumentIdentity(partition_key, id));
  }

 private:
  std::string ManifestText() const {
    std::string text;
    JsonBuffer out(&text);
    out.Append(
        fmt::format("{{\"version\":1,\"partitions\":{},\"partition_key\":[", options_.partitions));
    for (const std::string& path : options_.partition_key_paths) {
      out.AppendString(path);
      out.Append(",");
    }
    out.Ensure(1);
    out.Close(']');
    out.Append("}\n");
    out.Finish();
    return text;
  }

  Status Create(const fs::path& manifest) {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) return FileError("creating", path_.string(), error.value());
    return ReplaceFile(manifest.string(), ManifestText(), options_.sync);
  }

  Result<std::shared_ptr<Container>> UseContainer() {
    std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(Open());
    return container_;
  }

  // REQUIRES: mutex_ held.
  Status Open() {
    if (container_) return Status::Ok();
    const std::string path = (path_ / kManifestName).string();
    auto container = std::make_shared<Container>();
    ASSIGN_OR_RETURN(container->manifest, PosixFile::Open(path, O_RDONLY));
    RETURN_IF_ERROR(container->manifest.Lock());
    RETURN_IF_ERROR(ReadManifest(container.get()));
    for (uint32_t i = 0; i < container->partitions; ++i) {
      container->stores.push_back(std::make_unique<PartitionStore>(
          (path_ / fmt::format("part-{:05}", i)).string(), options_.partition_key_paths,
          options_.document_bytes_max, options_.sync));
    }
    container_ = std::move(container);
    return Status::Ok();
  }

  Status ReadManifest(Container* container) {
    const std::string& path = container->manifest.path();
    std::string text(kManifestBytesMax, '\0');
    ASSIGN_OR_RETURN(const size_t size, container->manifest.ReadAt(0, text.data(), text.size()));
    text.resize(size);
    auto tree = ParseJsonTree(text);
    if (!tree.ok()) return std::move(tree).status().WithContext(path);
    const JsonNode* version = tree->Find("version");
    const JsonNode* partitions = tree->Find("partitions");
    const JsonNode* keys = tree->Find("partition_key");
    if (version == nullptr || partitions == nullptr || keys == nullptr || version->number != 1 ||
        partitions->number < 1 || partitions->number > 4096) {
      return DataLoss(fmt::format("{}: not the description of a container", path));
    }
    std::vector<std::string> key_paths;
    for (const JsonNode& key : keys->elements) key_paths.push_back(key.text);
    container->partitions = static_cast<uint32_t>(partitions->number);
    if (key_paths == options_.partition_key_paths) return Status::Ok();
    return Conflict(fmt::format("{} has the partition key {}, the pipeline has {}", path_.string(),
                                fmt::join(key_paths, ", "),
                                fmt::join(options_.partition_key_paths, ", ")))
        .WithHint("use another container, or remove the folder to load it anew");
  }

  const FileOptions options_;
  const fs::path path_;
  Capabilities capabilities_;
  std::mutex mutex_;
  std::shared_ptr<Container> container_;
};

}  // namespace

Result<std::unique_ptr<Destination>> MakeFileDestination(FileOptions options) {
  RETURN_IF_ERROR(CheckFileOptions(options));
  return std::unique_ptr<Destination>(std::make_unique<FileDestination>(std::move(options)));
}

}  // namespace spillway
