// DocumentHead: the root of a pipeline's state in a document store, and the documents with progress
// that belong to it.
#ifndef SPILLWAY_STATE_DOCUMENT_HEAD_H_
#define SPILLWAY_STATE_DOCUMENT_HEAD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/state_store.h"
#include "state/state_table.h"

namespace spillway {

inline constexpr uint32_t kSplitsOfChunk = 256;

struct DocumentHead {
  int64_t load = 0;      // ascending: every StartLoad begins the next one
  int64_t sequence = 0;  // ascending: every change of the head is the next one
  std::string stamp;     // which writer made this one
  Checkpoint checkpoint;
  // Per chunk of kSplitsOfChunk splits: twice the sequence that wrote it, plus the place (0 or 1)
  // where it stands; 0: there is none.
  std::vector<int64_t> chunks;
  std::string etag;

  std::map<uint32_t, SplitProgress> progress;  // by split; what the chunks hold
};

// nullopt: the pipeline has never begun. kDataLoss: parts are damaged or missing.
Result<std::optional<DocumentHead>> ReadDocumentHead(StateTable& table, std::string_view pipeline);

// What can be said of a head that is damaged or missing: its etag, and a load and a sequence that
// no document of it has passed.
Result<DocumentHead> ReadRemainsOfHead(StateTable& table, std::string_view pipeline);

// The head as a write on the condition that the present one has `head.etag`.
Result<TableWrite> WriteOfHead(std::string_view pipeline, const DocumentHead& head);

// Puts `moved` into the head's progress, and returns the documents that hold it from `sequence` on.
Result<std::vector<TableWrite>> MoveProgress(std::string_view pipeline, DocumentHead& head,
                                             const std::vector<SplitProgress>& moved);

}  // namespace spillway

#endif  // SPILLWAY_STATE_DOCUMENT_HEAD_H_
