// ChangeWindow: consecutive versions of a table as what they ask of the destination together: at
// most one write per identity. It is settled as a whole; a run that was cut off in the middle goes
// on with the very same window, so that no key can go back (I2).
#ifndef SPILLWAY_CHANGES_CHANGE_WINDOW_H_
#define SPILLWAY_CHANGES_CHANGE_WINDOW_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "changes/image_collector.h"
#include "changes/record_log.h"

namespace spillway {

// A split of a version, as rejected rows name it.
struct WindowSplit {
  int64_t version = 0;
  std::string key;
};

// How many versions were told by which method, and why not by the feed.
struct MethodCount {
  ChangeMethod method = ChangeMethod::kFeed;
  std::string reason;
  uint64_t versions = 0;
};

struct ChangeWindow {
  int64_t after = 0;     // the version before the first
  int64_t through = 0;   // the last
  std::string position;  // behind it; empty: there is no version in it
  std::string table_id;  // of a table that is another one now; empty: the same as before
  std::optional<int64_t> timestamp_ms;
  std::optional<std::string> retention_warning;  // of its first version, when it was read
  std::vector<std::string> late_columns;         // all that the pipeline has with this window
  std::vector<WindowSplit> splits;
  std::vector<MethodCount> methods;
  uint64_t bytes_read = 0;  // compressed

  std::unique_ptr<ImageCollector> images;
  // What is to be written, both in order of identity.
  std::unique_ptr<RecordLog<ImageRecord>> upserts;
  std::unique_ptr<RecordLog<ImageRecord>> removes;
  std::vector<RefusedImage> refused;
  // Of everything that is not in the lists.
  IntentCounts counts;
  int64_t documents_delta = 0;
  std::optional<uint64_t> documents;  // in the destination, with this done; else only the delta
  uint64_t duplicates = 0;            // identities that two rows of one version have

  bool empty() const { return position.empty(); }
  uint64_t writes() const { return upserts->size() + removes->size(); }
};

// Collapses what `window.images` holds into the lists and counts. The first duplicate is returned
// in `duplicate`, with its key ("[["a"],"id"]"). REQUIRES: everything was added to the images.
struct DuplicateImage {
  std::string key{};
  uint32_t split = 0;
  int64_t version = 0;
};
Status CollapseWindow(const ImageRules& rules, const std::string& spill_prefix,
                      uint64_t records_memory_max, ChangeWindow& window,
                      std::optional<DuplicateImage>* duplicate);

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_CHANGE_WINDOW_H_
