// DrawnStore: the state of a simulated world: in every fourth world documents on a service that
// refuses, loses answers and lands late; else SQLite.
#ifndef SPILLWAY_SIMULATION_DRAWN_STORE_H_
#define SPILLWAY_SIMULATION_DRAWN_STORE_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

#include "state/document_store.h"
#include "state/state_store.h"
#include "state/testing/memory_document_table.h"

namespace spillway {

class DrawnStore {
 public:
  DrawnStore(uint64_t seed, std::filesystem::path folder, Clock& clock)
      : folder_(std::move(folder)), clock_(clock), random_(seed), documents_(seed % 4 == 3) {}

  const char* name() const { return documents_ ? "documents" : "sqlite"; }

  Result<std::unique_ptr<StateStore>> Open() {
    if (!documents_) return OpenSqliteStore((folder_ / "state.db").string(), clock_);
    auto table = std::make_unique<MemoryDocumentTable>(content_, service_clock_);
    table->on_write = [this](auto, auto) { return DrawFault(); };
    return MakeDocumentStore(std::move(table), "memory", service_clock_);
  }

  // Runs; once more after the time of a lease when an earlier run could not give its own back.
  template <typename Run>
  auto Outlive(std::chrono::nanoseconds lease, const Run& run) {
    auto result = run();
    if (!documents_ || result.status().code() != StatusCode::kLocked) return result;
    service_clock_.Advance(2 * lease);
    return run();
  }

 private:
  MemoryDocumentTable::Fault DrawFault() {
    using enum MemoryDocumentTable::Fault;
    static constexpr double kFaults = 0.2;
    static constexpr MemoryDocumentTable::Fault kKinds[] = {
        kThrottled, kUnavailable, kUnsureApplied, kUnsureLost, kUnsureLate};
    std::lock_guard lock(mutex_);
    if (std::uniform_real_distribution<>(0, 1)(random_) >= kFaults) return kNone;
    return kKinds[std::uniform_int_distribution<size_t>(0, std::size(kKinds) - 1)(random_)];
  }

  const std::filesystem::path folder_;
  Clock& clock_;
  // Passes with its own waits alone: how long a call may try does not depend on a busy machine.
  ManualClock service_clock_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  const bool documents_;
  const std::shared_ptr<MemoryDocumentTable::Content> content_ =
      std::make_shared<MemoryDocumentTable::Content>();
};

}  // namespace spillway

#endif  // SPILLWAY_SIMULATION_DRAWN_STORE_H_
