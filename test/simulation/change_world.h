// ChangeWorld: one simulated life of a pipeline that follows a table under a seed: the table lives
// on while runs of every kind are killed, stopped or fail, until one is left alone to finish. It
// checks the contract (design §5) after every run and at the end, and says what it found in words.
#ifndef SPILLWAY_SIMULATION_CHANGE_WORLD_H_
#define SPILLWAY_SIMULATION_CHANGE_WORLD_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "changes/change_run.h"
#include "engine/testing/memory_destination.h"
#include "engine/testing/memory_source.h"
#include "engine/testing/memory_table.h"
#include "engine/testing/scaled_clock.h"
#include "simulation/crashing_parts.h"
#include "simulation/drawn_store.h"

namespace spillway {

class ChangeWorld {
 public:
  // Works in `folder`, which it empties first.
  ChangeWorld(uint64_t seed, std::filesystem::path folder);
  ~ChangeWorld();

  // What broke the contract; empty: nothing.
  std::vector<std::string> Live();
  // What was drawn from the seed: for the message of a failure.
  const std::string& plan() const { return plan_; }

 private:
  enum class End : uint8_t { kLeftAlone, kCrash, kStop, kSourceFails };
  using Documents = std::map<std::string, std::string>;

  uint64_t Draw(uint64_t below) {
    return std::uniform_int_distribution<uint64_t>(0, below - 1)(random_);
  }
  bool Chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }
  void DrawOptions();
  void DrawFaults();
  void Commit();
  void Publish();
  void MayCleanLog();

  Status Load();
  Result<ChangeSummary> Run(End end, uint64_t after_events, bool continuous);
  void DisturbedRun();

  void Expect(bool holds, const std::string& what);
  void CheckCheckpoint();
  void CheckNoHole(int64_t version, int64_t begun_through, const Documents& contents);
  void CheckHistory();
  void CheckFinished();
  void CheckNothingWasDeleted();
  // What `key` is at a version; nullopt: not there.
  std::optional<std::string> At(const std::string& key, int64_t version) const;
  std::optional<int64_t> FirstVersionWith(const std::string& key,
                                          const std::optional<std::string>& body,
                                          int64_t from) const;

  const uint64_t seed_;
  const std::filesystem::path folder_;
  std::mt19937_64 random_;
  std::string plan_;
  std::vector<std::string> broken_;

  ScaledClock clock_;
  DrawnStore store_;
  MemorySource source_;
  MemoryDestination destination_;
  std::mutex table_mutex_;  // the table lives on while lanes ask for it
  std::unique_ptr<MemoryTable> table_;
  std::vector<Documents> versions_;  // what the table stands for, by version
  DocumentOptions documents_;
  ChangeOptions options_;
  bool compares_ = false;  // the table is compared with an index, always or when its log is lost
};

}  // namespace spillway

#endif  // SPILLWAY_SIMULATION_CHANGE_WORLD_H_
