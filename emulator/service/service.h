// Service: the Cosmos DB gateway protocol over one account, without a socket. From a request to its
// reply: path, signature, handler, common headers.
#ifndef SPILLWAY_EMULATOR_SERVICE_SERVICE_H_
#define SPILLWAY_EMULATOR_SERVICE_SERVICE_H_

#include <memory>
#include <string>

#include "base/clock.h"
#include "emulator/service/http_message.h"
#include "emulator/service/options.h"
#include "emulator/store/account.h"

namespace spillway::emulator {

// Thread-safe.
class Service {
 public:
  // Fails with kInvalidArgument when the options' key is not base64.
  static Result<std::unique_ptr<Service>> Make(ServerOptions options, const Clock& clock);

  // Never blocks on anything but the store's locks.
  Reply Handle(const Request& request);

  Account& account() { return account_; }
  const ServerOptions& options() const { return options_; }

 private:
  Service(ServerOptions options, std::string key, const Clock& clock);
  Reply Dispatch(const Request& request);

  const ServerOptions options_;
  const std::string key_;  // binary
  Account account_;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_SERVICE_H_
