// LoadWorld: one simulated life of a pipeline under a seed: a table, a container with faults, and
// runs that are killed, stopped or fail at any moment, until one is left alone to finish. It checks
// the contract (design §5) after every run and at the end, and says what it found in words.
#ifndef SPILLWAY_SIMULATION_LOAD_WORLD_H_
#define SPILLWAY_SIMULATION_LOAD_WORLD_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/load_run.h"
#include "engine/testing/memory_source.h"
#include "simulation/crashing_parts.h"
#include "simulation/simulated_world.h"

namespace spillway {

class LoadWorld : public SimulatedWorld {
 public:
  // Works in `folder`, which it empties first.
  LoadWorld(uint64_t seed, std::filesystem::path folder);

  // What broke the contract, with the plan that led to it; empty: nothing.
  std::vector<std::string> Live();

 private:
  void DrawTable();
  void DrawVersion(int64_t version);
  void DrawOptions();

  Result<LoadSummary> Run(End end, uint64_t after_events);
  void LoseUnsyncedIdentities(uint64_t durable, uint64_t written);
  uint64_t IdentityBytes() const;

  void CheckCheckpoint();
  void CheckHistory();
  void CheckFinished(const LoadSummary& summary);
  const MemorySplits& Rows(int64_t version) const { return versions_.at(version); }

  MemorySource source_;
  std::map<int64_t, MemorySplits> versions_;
  LoadOptions options_;
};

}  // namespace spillway

#endif  // SPILLWAY_SIMULATION_LOAD_WORLD_H_
