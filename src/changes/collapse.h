// Collapse: of all that a window of changes asks of one identity, what is left to do. The higher
// version wins; within a version an upsert beats a delete, because a commit is atomic and a new
// image says that a row of this identity is live after it. That covers updates, moved and swapped
// keys, overwrites and files that were rewritten, without pairing images.
#ifndef SPILLWAY_CHANGES_COLLAPSE_H_
#define SPILLWAY_CHANGES_COLLAPSE_H_

#include <cstdint>
#include <span>

#include "changes/image_record.h"
#include "connector/destination.h"
#include "model/intent_counts.h"

namespace spillway {

// What a write mode makes of images.
struct ImageRules {
  bool old_images_delete = true;   // else they only tell what was there before
  bool new_images_delete = false;  // each names a document to delete
  bool first_wins = false;         // `append`: what exists is left, so the first image counts
  bool suppresses_unchanged = true;
};
ImageRules RulesFor(WriteMode mode);

struct Collapsed {
  enum class Action : uint8_t { kNothing, kUpsert, kRemove };
  Action action = Action::kNothing;
  const ImageRecord* winner = nullptr;  // of kUpsert and kRemove
  // Every image of the identity but the winner and the refused ones (those are counted where they
  // are refused): superseded, filtered by the mode, or unchanged.
  IntentCounts counts;
  int documents_delta = 0;  // −1, 0, 1: how many more documents there are with this done
  // Two rows of one version that are live after it have this identity: the later one.
  const ImageRecord* duplicate = nullptr;
};

// `images`: all of one identity in a window, in their order. REQUIRES: not empty.
Collapsed Collapse(std::span<const ImageRecord> images, const ImageRules& rules);

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_COLLAPSE_H_
