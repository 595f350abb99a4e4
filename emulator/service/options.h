// ServerOptions: what a server is told when it starts.
#ifndef SPILLWAY_EMULATOR_SERVICE_OPTIONS_H_
#define SPILLWAY_EMULATOR_SERVICE_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "emulator/service/entra_token.h"
#include "emulator/service/signature.h"

namespace spillway::emulator {

struct ServerOptions {
  std::string key_base64 = std::string(kWellKnownKey);
  bool check_signatures = true;
  // Of containers created without throughput, in request units a second (the service's is 400).
  double default_throughput = 400;
  // Charges are reported but nothing is ever throttled, and containers have no throughput of their
  // own unless they ask for it: as in a serverless account.
  bool unlimited = false;
  // Of new containers; nullopt: as many as their throughput asks for.
  std::optional<uint32_t> default_ranges;
  // A partition's bucket holds this many seconds of its throughput; 0.1 to 1.
  double throughput_window_seconds = 1.0;
  // Executes cross-partition queries that the service refuses without a plan.
  bool lenient = false;
  // How long a change of throughput stays pending.
  std::chrono::milliseconds throughput_change_pending{0};
  // How long the index takes to follow a changed index policy.
  std::chrono::milliseconds index_transformation{0};
  // A range that holds more is split (service quotas: 50 GB a physical partition).
  uint64_t range_bytes_max = uint64_t{50} << 30;
  // Accepts Entra tokens beside the account key; nullopt: only the key.
  std::optional<EntraOptions> entra;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_OPTIONS_H_
