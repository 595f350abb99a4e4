// SendRight: what every write asks before it is sent: a lease (LeaseKeeper) or a permit
// (WritePermit). A request that was past the question when the right ended is sent all the same; of
// those there is at most one per lane.
#ifndef SPILLWAY_ENGINE_SEND_RIGHT_H_
#define SPILLWAY_ENGINE_SEND_RIGHT_H_

#include "base/status.h"

namespace spillway {

// Thread-safe.
class SendRight {
 public:
  virtual ~SendRight() = default;
  // OK: a write may be sent now. Cheap: asked before each one. May wait for the right, where it can
  // come back.
  virtual Status CheckHeld() const = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_SEND_RIGHT_H_
