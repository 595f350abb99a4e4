// DocumentRuns: the history of runs in a document store. All pipelines share one partition: runs
// are numbered together, by a document that counts.
#ifndef SPILLWAY_STATE_DOCUMENT_RUNS_H_
#define SPILLWAY_STATE_DOCUMENT_RUNS_H_

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "state/state_store.h"
#include "state/state_table.h"

namespace spillway {

// Thread-safe. As the functions of StateStore.
class DocumentRuns {
 public:
  explicit DocumentRuns(StateTable& table) : table_(table) {}

  Result<int64_t> Start(const RunRecord& run);
  Status Update(const RunRecord& run);
  Result<std::vector<RunRecord>> List(std::string_view pipeline, uint32_t count_max);

 private:
  struct Counter {
    int64_t last = 0;
    std::string stamp;
    std::string etag;  // empty: there is none yet
  };
  Result<Counter> ReadCounter();
  // Newest first, down from `last`, until `take` says that it has enough.
  Status Visit(int64_t last, const std::function<bool(RunRecord run)>& take);

  Result<bool> Count(const std::vector<TableWrite>& writes, StateAttempts& attempts);

  StateTable& table_;
  std::mutex mutex_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATE_DOCUMENT_RUNS_H_
