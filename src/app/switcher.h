// Switcher: the pointer, the list of generations and the state of one pipeline with `strategy:
// switch`, and the steps that change them. Each step takes the pipeline's lease, looks at what is
// stored, and can be repeated after a process died in it.
#ifndef SPILLWAY_APP_SWITCHER_H_
#define SPILLWAY_APP_SWITCHER_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/pipeline.h"
#include "app/switch_steps.h"
#include "engine/lease_keeper.h"
#include "generations/generation_table.h"

namespace spillway {

// What of the container that is being built is wanted.
enum class BuildingPolicy : uint8_t {
  kKeep,
  kGiveUpUnknown,  // unless the state knows it: what is in it then is nobody's
  kGiveUp,
};

// Used by one thread.
class Switcher {
 public:
  // Makes the table of the pointer when it is missing, and reads both documents. All but `on_news`,
  // which is copied, outlives this.
  static Result<std::unique_ptr<Switcher>> Open(const Project& project,
                                                const PipelineConfig& pipeline, StateStore& state,
                                                std::function<void(const SwitchNews&)> on_news,
                                                const CallContext& ctx);

  // As it was stored when this was last asked, or changed by a step.
  const SwitchStand& stand() const { return stand_; }
  GenerationTable& table() { return *table_; }
  Status Refresh();
  // Whether the pipeline's state is about the container that is read.
  Result<bool> KnowsLive();

  // Finishes what a process left behind: the state follows the pointer, and containers whose time
  // is over go. Takes the lease when there is something to do.
  Status Tidy(BuildingPolicy policy);
  // Gives a name to the container that is built next.
  Status Reserve();
  // A flip of a process that has died may still be on its way: from now on it is refused.
  Status FenceEarlierFlips();
  // The new container is equal to this version of the table.
  Status NoteVerified(int64_t version);
  // Readers are to read `container`, which was built and holds this version. Writes a run record.
  Result<SwitchSummary> Flip(const std::string& container, int64_t version);
  // Readers are to read the container before again; the pipeline is held. Gives up what is being
  // built.
  Result<SwitchSummary> FlipBack();
  // The pipeline goes on from where the pointer is.
  Status Release();

  Result<OpenedPipeline> OpenContainer(const std::string& container);
  void Tell(SwitchStep step, const std::string& container) const;

 private:
  Switcher(const Project& project, const PipelineConfig& pipeline, StateStore& state,
           std::function<void(const SwitchNews&)> on_news, const CallContext& ctx)
      : project_(project),
        pipeline_(pipeline),
        state_(state),
        on_news_(std::move(on_news)),
        ctx_(ctx) {}

  Result<bool> GivesUp(BuildingPolicy policy);
  Result<bool> IsTidy(BuildingPolicy policy);
  Status TidyUnderLease(BuildingPolicy policy, const LeaseKeeper& lease);
  Status DropDue(const LeaseKeeper& lease);
  Status Drop(const std::string& container, const LeaseKeeper& lease);
  Result<bool> IsFree(const std::string& container);
  Status Publish(const LeaseKeeper& lease);
  Status WithLease(const std::function<Status(const LeaseKeeper&)>& step);
  // As a run of the kind "switch".
  Result<SwitchSummary> AsRun(
      const std::function<Result<SwitchSummary>(const LeaseKeeper&, int64_t run_id)>& step);

  const Project& project_;
  const PipelineConfig& pipeline_;
  StateStore& state_;
  const std::function<void(const SwitchNews&)> on_news_;
  const CallContext& ctx_;
  std::unique_ptr<GenerationTable> table_;
  SwitchStand stand_;
};

}  // namespace spillway

#endif  // SPILLWAY_APP_SWITCHER_H_
