// The change feed (pull model): documents in the order of their last write, or every version and
// delete.
#ifndef SPILLWAY_EMULATOR_SERVICE_CHANGE_FEED_H_
#define SPILLWAY_EMULATOR_SERVICE_CHANGE_FEED_H_

#include "emulator/service/handlers.h"

namespace spillway::emulator {

// A GET on documents with `a-im: Incremental Feed` or `Full-Fidelity Feed`.
bool IsChangeFeed(const Request& request);

Reply HandleChangeFeed(const Context& context);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_CHANGE_FEED_H_
