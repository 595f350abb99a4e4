// What every row of a load means in a mode.
#ifndef SPILLWAY_ENGINE_MODE_INTENT_H_
#define SPILLWAY_ENGINE_MODE_INTENT_H_

#include "connector/destination.h"
#include "model/document.h"

namespace spillway {

constexpr Intent IntentOf(WriteMode mode) {
  const bool deletes = mode == WriteMode::kDelete || mode == WriteMode::kDeleteIfNotModified;
  return deletes ? Intent::kDelete : Intent::kUpsert;
}

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_MODE_INTENT_H_
