// LocalServer: the local server in this process, over plain http and without a budget.
#ifndef SPILLWAY_CONFORMANCE_LOCAL_SERVER_H_
#define SPILLWAY_CONFORMANCE_LOCAL_SERVER_H_

#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "emulator/server.h"

namespace spillway {

struct LocalServer {
  LocalServer() {
    emulator::RunOptions run;
    run.server.default_ranges = 4;
    run.server.unlimited = true;
    run.tls = false;
    key = run.server.key_base64;
    auto started = emulator::Server::Start(run, SystemClock());
    SPILLWAY_CHECK(started.ok());
    server = *std::move(started);
  }

  std::string endpoint() const { return server->http_endpoint(); }

  std::string key;
  std::unique_ptr<emulator::Server> server;
};

}  // namespace spillway

#endif  // SPILLWAY_CONFORMANCE_LOCAL_SERVER_H_
