// LoadWorld: one simulated life of a pipeline under a seed: a table, a container with faults, and
// runs that are killed, stopped or fail at any moment, until one is left alone to finish. It checks
// the contract (design §5) after every run and at the end, and says what it found in words.
#ifndef SPILLWAY_SIMULATION_LOAD_WORLD_H_
#define SPILLWAY_SIMULATION_LOAD_WORLD_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/load_run.h"
#include "engine/testing/memory_destination.h"
#include "engine/testing/memory_source.h"
#include "engine/testing/scaled_clock.h"
#include "simulation/crashing_parts.h"
#include "simulation/drawn_store.h"

namespace spillway {

class LoadWorld {
 public:
  // Works in `folder`, which it empties first.
  LoadWorld(uint64_t seed, std::filesystem::path folder);
  ~LoadWorld();

  // What broke the contract, with the plan that led to it; empty: nothing.
  std::vector<std::string> Live();
  // What was drawn from the seed: for the message of a failure.
  const std::string& plan() const { return plan_; }

 private:
  enum class End : uint8_t { kLeftAlone, kCrash, kStop, kSourceFails };

  uint64_t Draw(uint64_t below) {
    return std::uniform_int_distribution<uint64_t>(0, below - 1)(random_);
  }
  bool Chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }
  void DrawTable();
  void DrawVersion(int64_t version);
  void DrawFaults();
  void DrawOptions();

  Result<LoadSummary> Run(End end, uint64_t after_events);
  void LoseUnsyncedIdentities(uint64_t durable, uint64_t written);
  uint64_t IdentityBytes() const;

  void Expect(bool holds, const std::string& what);
  void CheckCheckpoint();
  void CheckHistory();
  void CheckFinished(const LoadSummary& summary);
  const MemorySplits& Rows(int64_t version) const { return versions_.at(version); }

  const uint64_t seed_;
  const std::filesystem::path folder_;
  std::mt19937_64 random_;
  std::string plan_;
  std::vector<std::string> broken_;

  ScaledClock clock_;
  DrawnStore store_;
  MemorySource source_;
  MemoryDestination destination_;
  std::map<int64_t, MemorySplits> versions_;
  DocumentOptions documents_;
  LoadOptions options_;
};

}  // namespace spillway

#endif  // SPILLWAY_SIMULATION_LOAD_WORLD_H_
