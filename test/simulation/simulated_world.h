// SimulatedWorld: what every simulated life has: what is drawn from its seed and the plan that says
// so in words, a clock, a store, a container with faults, and what broke the contract.
#ifndef SPILLWAY_SIMULATION_SIMULATED_WORLD_H_
#define SPILLWAY_SIMULATION_SIMULATED_WORLD_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/testing/memory_destination.h"
#include "engine/testing/scaled_clock.h"
#include "simulation/drawn_store.h"
#include "transforms/document_options.h"

namespace spillway {

class SimulatedWorld {
 public:
  // What was drawn from the seed: for the message of a failure.
  const std::string& plan() const { return plan_; }

 protected:
  // How a run ends: of itself, or as it is drawn, after a number of events.
  enum class End : uint8_t { kLeftAlone, kCrash, kStop, kSourceFails };

  static constexpr const char* kPipeline = "simulated";

  // Empties `folder`; a row is a document where its value is not negative.
  SimulatedWorld(uint64_t seed, std::filesystem::path folder);
  ~SimulatedWorld();

  uint64_t Draw(uint64_t below) {
    return std::uniform_int_distribution<uint64_t>(0, below - 1)(random_);
  }
  bool Chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }
  // Of a container where a request lands within `settle` or never.
  void DrawFaults(std::chrono::milliseconds settle);
  End DrawEnd();
  static const char* NameOf(End end);
  // As MemorySource::OnNext takes it: the source fails at the event.
  static std::function<Status(uint32_t, uint64_t)> FailingAfter(End end, uint64_t events);

  void Expect(bool holds, const std::string& what) {
    if (!holds) broken_.push_back(what);
  }

  const uint64_t seed_;
  const std::filesystem::path folder_;
  std::mt19937_64 random_;
  std::string plan_;
  std::vector<std::string> broken_;

  ScaledClock clock_;
  DrawnStore store_;
  MemoryDestination destination_;
  DocumentOptions documents_;
};

}  // namespace spillway

#endif  // SPILLWAY_SIMULATION_SIMULATED_WORLD_H_
