// ControlService: what a test does to the server behind the client's back: splits, throughput,
// time, faults, and the history of what was really written. A small JSON API on a port of its own
// that never leaves loopback; docs in docs/emulator.md.
#ifndef SPILLWAY_EMULATOR_CONTROL_CONTROL_SERVICE_H_
#define SPILLWAY_EMULATOR_CONTROL_CONTROL_SERVICE_H_

#include "emulator/service/fault_gate.h"
#include "emulator/service/http_message.h"
#include "emulator/service/service.h"

namespace spillway::emulator {

// Thread-safe.
class ControlService {
 public:
  ControlService(Service* service, RunAfter run_after)
      : service_(*service), run_after_(std::move(run_after)) {}

  Reply Handle(const Request& request);

 private:
  Reply State() const;
  Reply Split(const Value& body);
  Reply Merge(const Value& body);
  // Carries `change` out: at once, or after the body's window, in which requests for `ranges` get
  // 410/1007.
  Reply ChangeRanges(const Value& body, const std::shared_ptr<Container>& container,
                     const std::vector<std::string>& ranges, std::function<Status()> change);
  Reply SetThroughput(const Value& body);
  Reply SetPrice(const Value& body);
  Reply Faults(const Request& request, std::string_view id, const Value& body);
  Reply History(const Request& request, const Value& body);
  Reply AdvanceClock(const Value& body);
  Reply Reset();

  Service& service_;
  const RunAfter run_after_;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_CONTROL_CONTROL_SERVICE_H_
