// What the state store holds of a project's pipelines, and moving it: the substance of
// `spillway state`.
#ifndef SPILLWAY_APP_STATE_REPORT_H_
#define SPILLWAY_APP_STATE_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "app/project.h"
#include "base/result.h"
#include "state/state_file.h"
#include "state/state_store.h"

namespace spillway {

struct StateReport {
  std::string pipeline;
  std::optional<Checkpoint> checkpoint;
  std::vector<SplitProgress> progress;
  std::optional<LeaseHolder> lease;
  uint64_t rejected = 0;
  std::optional<RunRecord> last_run;
};

struct ProjectStateReport {
  std::optional<StoreInfo> store;  // nullopt: nothing was ever run
  std::vector<StateReport> pipelines;
};

// Of one pipeline, or of all when `pipeline` is empty. Leaves nothing behind.
Result<ProjectStateReport> ReportState(const Project& project, const std::string& pipeline);

// As ReadState; kNotFound also when nothing was ever run. Takes the pipeline's lease meanwhile, so
// that the parts belong together: kLocked while it runs.
Result<StateFile> ExportState(const Project& project, const std::string& pipeline);

// Takes the pipeline's lease too. kInvalidArgument: the file is of
// another pipeline. Else as ImportState.
Result<ImportOutcome> ImportStateFile(const Project& project, const std::string& pipeline,
                                      const StateFile& file, bool force);

}  // namespace spillway

#endif  // SPILLWAY_APP_STATE_REPORT_H_
