// A process that dies at a chosen moment, simulated: from then on nothing that it does has an
// effect any more, neither on the state nor on the destination. What it had sent may still land.
#ifndef SPILLWAY_SIMULATION_CRASHING_PARTS_H_
#define SPILLWAY_SIMULATION_CRASHING_PARTS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "connector/destination.h"
#include "state/state_store.h"

namespace spillway {

// The moment: after so many events (calls into state and destination).
class CrashPoint {
 public:
  // 0: never. `on_crash` is called once, at that moment.
  CrashPoint(uint64_t after_events, std::function<void()> on_crash)
      : left_(after_events), armed_(after_events > 0), on_crash_(std::move(on_crash)) {}

  // True from the chosen moment on.
  bool Passed() {
    if (crashed_) return true;
    if (!armed_ || left_.fetch_sub(1) != 1) return crashed_;
    crashed_ = true;
    on_crash_();
    return true;
  }
  bool crashed() const { return crashed_; }

 private:
  std::atomic<uint64_t> left_;
  const bool armed_;
  const std::function<void()> on_crash_;
  std::atomic<bool> crashed_{false};
};

// `on_committed` is called after every commit that took effect.
std::unique_ptr<StateStore> MakeCrashingStore(StateStore& store, CrashPoint& crash,
                                              std::function<void()> on_committed);

// A crash during a write leaves it to chance how much of it was sent.
std::unique_ptr<Destination> MakeCrashingDestination(Destination& destination, CrashPoint& crash);

}  // namespace spillway

#endif  // SPILLWAY_SIMULATION_CRASHING_PARTS_H_
