// MemoryDocumentTable: a DocumentTable in memory for tests, with the faults that a service has.
#ifndef SPILLWAY_STATE_TESTING_MEMORY_DOCUMENT_TABLE_H_
#define SPILLWAY_STATE_TESTING_MEMORY_DOCUMENT_TABLE_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "connector/document_table.h"

namespace spillway {

// Thread-safe. Several tables over one content are several machines.
class MemoryDocumentTable : public DocumentTable {
 public:
  struct Content {
    std::mutex mutex;
    bool made = false;
    uint64_t etags = 0;
    std::map<std::pair<std::string, std::string>, TableDocument> documents;
    // On its way: it outlives the machine that sent it.
    std::unique_ptr<std::pair<std::string, std::vector<TableWrite>>> late;
  };
  enum class Fault {
    kNone,
    kThrottled,
    kUnavailable,
    kUnsureApplied,
    kUnsureLost,
    kUnsureLate,  // applied before the next write, if its conditions still hold then
  };

  MemoryDocumentTable(std::shared_ptr<Content> content, Clock& clock)
      : content_(std::move(content)), clock_(clock) {}

  // Asked before every write.
  std::function<Fault(std::string_view partition, std::span<const TableWrite>)> on_write;
  // Told after every read of one document.
  std::function<void(std::string_view id)> after_read;
  uint64_t writes = 0;
  uint64_t reads = 0;  // lists among them

  std::string Describe() const override { return "memory"; }
  const TableLimits& limits() const override { return limits_; }
  Status Check(const CallContext&) override {
    std::lock_guard lock(content_->mutex);
    return content_->made ? Status::Ok() : NotFound("there is no table");
  }
  Status Prepare(const CallContext&) override {
    std::lock_guard lock(content_->mutex);
    content_->made = true;
    return Status::Ok();
  }

  Result<std::optional<TableDocument>> Read(std::string_view partition, std::string_view id,
                                            const CallContext&) override {
    std::optional<TableDocument> document;
    {
      std::lock_guard lock(content_->mutex);
      ++reads;
      const auto found = content_->documents.find({std::string(partition), std::string(id)});
      if (found != content_->documents.end()) document = found->second;
    }
    if (after_read) after_read(id);
    return document;
  }

  Result<std::vector<TableDocument>> List(std::string_view partition, std::string_view from,
                                          std::string_view before, const CallContext&) override {
    std::lock_guard lock(content_->mutex);
    ++reads;
    std::vector<TableDocument> found;
    for (const auto& [key, document] : content_->documents) {
      if (key.first == partition && key.second >= from && key.second < before) {
        found.push_back(document);
      }
    }
    return found;
  }

  Result<std::vector<std::string>> Write(std::string_view partition,
                                         std::span<const TableWrite> writes_now,
                                         const CallContext&) override {
    const Fault fault = on_write ? on_write(partition, writes_now) : Fault::kNone;
    std::lock_guard lock(content_->mutex);
    ++writes;
    if (content_->late) {
      const auto late = std::exchange(content_->late, nullptr);
      [[maybe_unused]] const auto landed = Apply(late->first, late->second);
    }
    switch (fault) {
      case Fault::kNone:
        return Apply(partition, writes_now);
      case Fault::kThrottled:
        return Throttled("too fast").WithRetryAfter(std::chrono::milliseconds(50));
      case Fault::kUnavailable:
        return Unavailable("away");
      case Fault::kUnsureApplied: {
        [[maybe_unused]] const auto applied = Apply(partition, writes_now);
        return Unsure("no answer");
      }
      case Fault::kUnsureLost:
        return Unsure("no answer");
      case Fault::kUnsureLate:
        content_->late = std::make_unique<std::pair<std::string, std::vector<TableWrite>>>(
            std::string(partition), std::vector<TableWrite>(writes_now.begin(), writes_now.end()));
        return Unsure("no answer");
    }
    return Internal("an unknown fault");
  }

 private:
  bool Holds(const TableWrite& write, const std::pair<std::string, std::string>& key) const {
    const auto found = content_->documents.find(key);
    const bool there = found != content_->documents.end();
    if (write.kind == TableWrite::Kind::kCreate) return !there;
    if (write.kind == TableWrite::Kind::kUpsert && !there) return write.if_match.empty();
    return there && (write.if_match.empty() || write.if_match == found->second.etag);
  }

  Result<std::vector<std::string>> Apply(std::string_view partition,
                                         std::span<const TableWrite> writes_now) {
    for (const TableWrite& write : writes_now) {
      if (!Holds(write, {std::string(partition), write.id})) return Conflict("another etag");
    }
    std::vector<std::string> etags;
    for (const TableWrite& write : writes_now) {
      const std::pair<std::string, std::string> key{std::string(partition), write.id};
      if (write.kind == TableWrite::Kind::kDelete) {
        content_->documents.erase(key);
        etags.emplace_back();
        continue;
      }
      etags.push_back("\"" + std::to_string(++content_->etags) + "\"");
      content_->documents[key] = {write.id, write.body, etags.back(),
                                  std::chrono::floor<std::chrono::seconds>(clock_.WallNow())};
    }
    return etags;
  }

  const std::shared_ptr<Content> content_;
  Clock& clock_;
  const TableLimits limits_{.writes_max = 8, .bytes_max = 64 << 10, .added_members = {"_etag"}};
};

}  // namespace spillway

#endif  // SPILLWAY_STATE_TESTING_MEMORY_DOCUMENT_TABLE_H_
