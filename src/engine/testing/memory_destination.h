// MemoryDestination: a container in memory for tests, with the faults of a service: throttled and
// failed rows, calls that fail as a whole, writes whose outcome is unknown and that were applied,
// were lost, or land later. What it applied, in which order, is its history.
#ifndef SPILLWAY_ENGINE_TESTING_MEMORY_DESTINATION_H_
#define SPILLWAY_ENGINE_TESTING_MEMORY_DESTINATION_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "connector/destination.h"

namespace spillway {

// Probabilities, per row unless said otherwise.
struct MemoryFaults {
  double throttled = 0;
  double retry = 0;
  double unsure_applied = 0;
  double unsure_lost = 0;
  double unsure_late = 0;       // lands within late_max
  double call_throttled = 0;    // per call
  double call_unavailable = 0;  // per call
  double call_unsure = 0;       // per call; each row applied, lost or late
  std::chrono::milliseconds late_max{10'000};
};

struct AppliedWrite {
  std::string key;   // partition key and id
  std::string body;  // empty: deleted
};

// Thread-safe.
class MemoryDestination : public Destination {
 public:
  MemoryDestination(Clock& clock, uint64_t seed);

  // Before use.
  void SetFaults(const MemoryFaults& faults) { faults_ = faults; }
  Capabilities& mutable_capabilities() { return capabilities_; }
  // What Prepare says that it creates, or would.
  void SetToCreate(Preparation to_create) { to_create_ = std::move(to_create); }
  // Asked for every document: a failure is what that row gets.
  void OnRow(std::function<std::optional<RowFailure>(const Document&)> hook) { on_row_ = hook; }
  // The row with this id gets a refusal for good, by size ("http_413"); in place of OnRow.
  void Refuse(std::string id);
  // Asked for every call, before anything is applied: a failure is what the call returns.
  void OnCall(std::function<Status(std::span<const Document>)> hook) { on_call_ = hook; }

  // What a reader finds when all that was under way has landed.
  std::map<std::string, std::string> Contents();
  std::vector<AppliedWrite> History();
  // What came to light in the calls: a key twice in one call, two calls of one lane at a time …
  std::vector<std::string> Violations();
  uint64_t calls() const;

  const Capabilities& capabilities() const override { return capabilities_; }
  Status Check(const CallContext&) override { return Status::Ok(); }
  Result<Preparation> Prepare(bool, const CallContext&) override { return to_create_; }
  Result<LanePlan> PlanLanes(uint32_t lanes_max, const CallContext& ctx) override;
  Hash128 Route(const Document& document) const override;
  Result<std::unique_ptr<Writer>> OpenWriter(WriteMode mode, const CallContext& ctx) override;
  Result<std::vector<std::unique_ptr<DocumentReader>>> OpenReaders(const CallContext&) override;
  Result<std::optional<std::string>> ReadOne(std::string_view partition_key, std::string_view id,
                                             const CallContext& ctx) override;

 private:
  friend class MemoryWriter;
  struct Stored {
    std::string partition_key;
    std::string id;
    std::string body;
  };
  struct Late {
    SteadyTime due;
    Stored document;
    Intent intent = Intent::kUpsert;
    WriteMode mode = WriteMode::kMirror;
  };
  // These hold mutex_, but for Write.
  Result<WriteReport> Write(WriteMode mode, std::span<const Document> documents);
  RowOutcome Apply(WriteMode mode, Intent intent, Stored document);
  Status CallFault(WriteMode mode, std::span<const Document> documents);
  void Land(SteadyTime until);
  bool Happens(double probability);
  void Postpone(WriteMode mode, const Document& document);
  std::optional<RowFailure> RowFault(WriteMode mode, const Document& document);
  void CheckCall(std::span<const Document> documents);

  Clock& clock_;
  Capabilities capabilities_;
  MemoryFaults faults_;
  Preparation to_create_;
  std::function<std::optional<RowFailure>(const Document&)> on_row_;
  std::function<Status(std::span<const Document>)> on_call_;

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::map<std::string, Stored> documents_;
  std::vector<Late> late_;
  std::vector<AppliedWrite> history_;
  std::vector<std::string> violations_;
  uint64_t calls_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_TESTING_MEMORY_DESTINATION_H_
