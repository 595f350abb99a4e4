// Service: the Cosmos DB gateway protocol over one account, without a socket. From a request to its
// reply: path, signature, handler, common headers.
#ifndef SPILLWAY_EMULATOR_SERVICE_SERVICE_H_
#define SPILLWAY_EMULATOR_SERVICE_SERVICE_H_

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "emulator/service/fault_rules.h"
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

  // Fills the account from `folder` and keeps it there from now on. Before the first request.
  Status OpenData(const std::string& folder);
  // To be called after ranges or throughput were changed from outside: buckets follow, and the
  // journal.
  Status TopologyChanged();
  // Brings all buckets in line with the offers, after ranges or throughput have changed.
  void ApplyThroughput();
  // Drops what has outlived its time to live, makes pending changes of throughput effective, splits
  // ranges that have grown too large. To be called about once a second.
  Status Upkeep();
  void PurgeExpired();

  Account& account() { return account_; }
  FaultRules& faults() { return faults_; }
  uint64_t requests() const { return requests_; }
  uint64_t throttled() const { return throttled_; }
  const ServerOptions& options() const { return options_; }

 private:
  Service(ServerOptions options, std::string key, const Clock& clock);
  Reply Dispatch(const Request& request);
  // nullopt: the account key, which may do everything.
  Outcome<std::optional<Grant>> Authorize(const Request& request, const ResourcePath& path) const;

  const ServerOptions options_;
  const std::string key_;  // binary
  Account account_;
  FaultRules faults_;
  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> throttled_{0};  // whole requests
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_SERVICE_H_
