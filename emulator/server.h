// Server: the whole local Cosmos DB server: a service behind a listener. The program and in-process
// tests start the same one.
#ifndef SPILLWAY_EMULATOR_SERVER_H_
#define SPILLWAY_EMULATOR_SERVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "emulator/control/control_service.h"
#include "emulator/http/listener.h"
#include "emulator/service/fault_gate.h"
#include "emulator/service/options.h"
#include "emulator/service/service.h"

namespace spillway::emulator {

struct RunOptions {
  ServerOptions server;
  std::string host = "127.0.0.1";
  uint16_t port = 0;               // 0: any free one
  bool tls = true;                 // TLS and plain HTTP on one port; off: plain HTTP only
  std::string certificate_folder;  // empty: a certificate for this run only
  uint32_t threads = 1;
  std::string data_folder;               // empty: everything in memory
  std::optional<uint16_t> control_port;  // loopback only; 0: any free one
};

// Thread-safe. Stops when destroyed.
class Server {
 public:
  // Fails with kUnavailable when the port is taken, kInvalidArgument on contradictory options.
  static Result<std::unique_ptr<Server>> Start(const RunOptions& options, const Clock& clock);

  uint16_t port() const { return listener_->port(); }
  std::string https_endpoint() const;    // empty without TLS
  std::string http_endpoint() const;     // empty when only TLS is spoken
  std::string control_endpoint() const;  // empty without a control port
  const std::string& certificate_path() const { return certificate_path_; }
  Service& service() { return *service_; }

 private:
  Server() = default;
  void ScheduleUpkeep();

  std::string host_;
  bool tls_ = true;
  bool plain_ = true;
  std::string certificate_path_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<FaultGate> gate_;
  std::unique_ptr<ControlService> control_;
  // Last: they stop first.
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Listener> control_listener_;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVER_H_
