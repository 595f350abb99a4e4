// LoadTuning: sets up a destination for a load and sets it back: more throughput (migrated between
// manual and autoscale where that is asked for), a lighter index policy. What was there before is
// in the state before anything is changed, so whoever has the pipeline next can set it back.
#ifndef SPILLWAY_APP_LOAD_TUNING_H_
#define SPILLWAY_APP_LOAD_TUNING_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "connector/tuning.h"
#include "engine/load_run.h"
#include "state/state_store.h"

namespace spillway {

// What a pipeline asks for (`throughput`).
struct TuningOptions {
  std::optional<ProvisionedThroughput> initial_load;  // while a load goes on
  std::optional<ProvisionedThroughput> changes;  // from its end on; nullopt: what was there before
  bool light_indexing = false;                   // while a load goes on
  bool allowed = false;                          // somebody has agreed to what costs more

  bool is_set() const { return initial_load || changes || light_indexing; }
};

// What has been set, and what is to be set back: as the state keeps it.
struct TuningRecord {
  std::string target;  // RunOptions::target of the destination that was set
  struct Provisioned {
    ProvisionedThroughput before;
    ProvisionedThroughput during;
    ProvisionedThroughput after;
    bool operator==(const Provisioned&) const = default;
  };
  std::optional<Provisioned> provisioned{};
  std::optional<std::string> index_policy_before{};

  bool empty() const { return !provisioned && !index_policy_before; }
  // "throughput 400 RU/s": what is to be set back, for people.
  std::string DescribeBefore() const;
};

// nullopt: the destination is as it should be. kDataLoss: what is stored cannot be read.
Result<std::optional<TuningRecord>> ReadTuning(StateStore& state, std::string_view pipeline);

// Whether paying for `after` costs more than paying for `before` under full load: autoscale has one
// and a half times the price of manual throughput (the service's price list).
bool CostsMore(const ProvisionedThroughput& before, const ProvisionedThroughput& after);
// "400 RU/s", "autoscale to 4,000 RU/s".
std::string DescribeProvisioned(const ProvisionedThroughput& provisioned);

// What was done, and what is left.
struct TuningReport {
  std::vector<std::string> steps;  // in order, for people
  Status left_over;                // why something is not set back yet; OK: nothing is left
  std::optional<ProvisionedThroughput> provisioned;  // as it was left
  std::optional<uint32_t> index_progress_percent;    // of an index policy that was set back
};

// Used by one thread at a time. REQUIRES, of every call: the pipeline's lease.
class LoadTuning : public LoadSurroundings {
 public:
  // Told of each step as it happens.
  using OnStep = std::function<void(const std::string& step)>;

  // The references outlive it.
  // `target`: the destination, as RunOptions::target.
  LoadTuning(Tuning& tuning, StateStore& state, Clock& clock, std::string pipeline,
             std::string target, TuningOptions options, OnStep on_step);

  Status Enter(const CallContext& ctx) override;
  void Leave() override;
  // Sets back whatever a run before has left, and nothing else. Fails when that cannot be done now.
  Status Restore(const CallContext& ctx);
  // Goes on with what could not be done at once, every few seconds at most: a change that the
  // service takes hours for, the progress of an index. Cheap between.
  void Poll();

  const TuningReport& report() const { return report_; }

 private:
  Result<TuningRecord> Plan(const CallContext& ctx);
  bool Fits(const TuningRecord& record) const;
  Status CheckAllowed(const TuningRecord::Provisioned& provisioned) const;
  Status Apply(const CallContext& ctx);
  Status Raise(const CallContext& ctx);
  Status Lighten(const CallContext& ctx);
  Status RestoreIndexing(const CallContext& ctx);
  Status RestoreProvisioned(const CallContext& ctx);
  Status ReportIndexing(const CallContext& ctx);
  Status Store();
  Result<ProvisionedState> Set(const ProvisionedThroughput& wanted, const CallContext& ctx);
  template <typename Call>
  auto Repeated(const CallContext& ctx, const Call& call) -> decltype(call());
  void Step(std::string step);

  Tuning& tuning_;
  StateStore& state_;
  Clock& clock_;
  const std::string pipeline_;
  const std::string target_;
  const TuningOptions options_;
  const OnStep on_step_;
  TuningRecord record_;  // as it is stored
  TuningReport report_;
  bool raise_pending_ = false;
  bool index_building_ = false;
  std::stop_token stop_;  // of the load
  SteadyTime next_poll_;
};

}  // namespace spillway

#endif  // SPILLWAY_APP_LOAD_TUNING_H_
