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
#include <string>
#include <vector>

#include "changes/change_run.h"
#include "engine/testing/memory_source.h"
#include "engine/testing/memory_table.h"
#include "simulation/crashing_parts.h"
#include "simulation/simulated_world.h"

namespace spillway {

class ChangeWorld : public SimulatedWorld {
 public:
  // Works in `folder`, which it empties first.
  ChangeWorld(uint64_t seed, std::filesystem::path folder);

  // What broke the contract; empty: nothing.
  std::vector<std::string> Live();

 private:
  using Documents = std::map<std::string, std::string>;

  void DrawOptions();
  void Commit();
  void Publish();
  void MayCleanLog();

  Status Load();
  Result<ChangeSummary> Run(End end, uint64_t after_events, bool continuous);
  void DisturbedRun();

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

  MemorySource source_;
  std::mutex table_mutex_;  // the table lives on while lanes ask for it
  std::unique_ptr<MemoryTable> table_;
  std::vector<Documents> versions_;  // what the table stands for, by version
  ChangeOptions options_;
  bool compares_ = false;  // the table is compared with an index, always or when its log is lost
};

}  // namespace spillway

#endif  // SPILLWAY_SIMULATION_CHANGE_WORLD_H_
