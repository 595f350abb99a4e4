// FaultGate: stands in front of the service and carries out the fault rules.
#ifndef SPILLWAY_EMULATOR_SERVICE_FAULT_GATE_H_
#define SPILLWAY_EMULATOR_SERVICE_FAULT_GATE_H_

#include <chrono>
#include <functional>
#include <memory>

#include "emulator/service/fault_rules.h"
#include "emulator/service/http_message.h"
#include "emulator/service/service.h"

namespace spillway::emulator {

// Runs work later, on any thread; the listener does it with timers, tests by hand.
using RunAfter = std::function<void(std::chrono::milliseconds, std::function<void()>)>;

// Thread-safe.
class FaultGate {
 public:
  // A paused request is answered with 503 after so long.
  static constexpr std::chrono::seconds kPauseMax{120};

  FaultGate(Service* service, RunAfter run_after)
      : service_(*service), run_after_(std::move(run_after)) {}

  // Calls `reply` exactly once, at once or later. `request` lives until then.
  void Handle(const Request& request, std::function<void(Reply)> reply);

 private:
  using ReplyTo = std::function<void(Reply)>;

  RequestInfo Describe(const Request& request) const;
  void CarryOut(const FaultRule& rule, const Request& request, const ReplyTo& reply);
  void Hold(uint64_t rule_id, std::chrono::milliseconds waited, const Request& request,
            ReplyTo reply);
  void LandLater(const FaultRule& rule, const Request& request);

  Service& service_;
  const RunAfter run_after_;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_FAULT_GATE_H_
