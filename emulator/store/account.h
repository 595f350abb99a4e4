// Account: everything the server holds: databases, containers, offers, and the counters they share.
#ifndef SPILLWAY_EMULATOR_STORE_ACCOUNT_H_
#define SPILLWAY_EMULATOR_STORE_ACCOUNT_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/json/value.h"
#include "emulator/store/container.h"
#include "emulator/store/journal.h"
#include "emulator/store/write_history.h"

namespace spillway::emulator {

// Provisioned throughput, in request units a second.
struct Throughput {
  bool autoscale = false;
  double units = 400;              // manual: the rate; autoscale: its maximum
  uint32_t increment_percent = 0;  // autoscale: by how much storage growth raises it; 0: not
  Shares shares{};                 // throughput buckets
  bool operator==(const Throughput&) const = default;
};

// The resource that shows and changes the throughput of a container or database.
struct Offer {
  std::string rid;  // text
  std::string resource_self;
  std::string resource_rid;  // text
  Throughput throughput;
  double units_ever_max = 0;  // decides the minimum that can be set
  uint64_t version = 0;
  uint32_t timestamp = 0;
  // While a change is on its way, the old throughput holds until `pending_until`.
  std::optional<Throughput> pending;
  SteadyTime pending_until{};
};

struct Database {
  std::string id;
  std::string rid;   // binary
  std::string self;  // "dbs/…/"
  uint64_t version = 0;
  uint32_t timestamp = 0;
  uint32_t next_container_number = 1;
  std::map<std::string, std::shared_ptr<Container>, std::less<>> containers;  // by id
  std::shared_ptr<TokenBucket> shared_bucket;  // of a database with throughput of its own
};

// The server's clock: the machine's, moved by what the control port asks. Thread-safe.
class ServerClock {
 public:
  explicit ServerClock(const Clock& clock) : clock_(clock) {}
  SteadyTime Now() const { return clock_.Now() + offset(); }
  WallTime WallNow() const { return clock_.WallNow() + offset(); }
  uint32_t Seconds() const {
    return static_cast<uint32_t>(std::chrono::system_clock::to_time_t(WallNow()));
  }
  void Advance(std::chrono::milliseconds duration) { offset_ms_ += duration.count(); }

 private:
  std::chrono::milliseconds offset() const { return std::chrono::milliseconds(offset_ms_); }
  const Clock& clock_;
  std::atomic<int64_t> offset_ms_{0};
};

class Account {
 public:
  explicit Account(const Clock& machine_clock) : clock(machine_clock) {}

  ServerClock clock;
  WriteHistory history;
  // Of what documents cost, so that a test can see a client meet another price.
  std::atomic<double> price{1};
  // Null when everything is in memory only.
  std::unique_ptr<Journal> journal;
  // Of every write to anything, rising: etags come from it.
  uint64_t NextVersion() { return next_version_.fetch_add(1) + 1; }
  void RestoreVersion(uint64_t version);
  uint64_t version() const { return next_version_; }

  // Shared to look up, exclusive to change. All below REQUIRES it.
  std::shared_mutex mutex;

  const std::map<std::string, std::shared_ptr<Database>, std::less<>>& databases() const {
    return databases_;
  }
  const std::map<std::string, std::shared_ptr<Offer>, std::less<>>& offers() const {
    return offers_;
  }
  // By name, else by rid text; `by_rid` says which. nullptr when there is none.
  std::shared_ptr<Database> FindDatabase(std::string_view name_or_rid, bool* by_rid) const;
  static std::shared_ptr<Container> FindContainer(const Database& database,
                                                  std::string_view name_or_rid, bool by_rid);
  // The offer of a container or database, by its rid text; nullptr when it has none.
  std::shared_ptr<Offer> OfferOf(std::string_view resource_rid) const;

  // REQUIRES: the name is free.
  std::shared_ptr<Database> AddDatabase(std::string id);
  std::shared_ptr<Container> AddContainer(Database* database,
                                          std::shared_ptr<const ContainerSettings> settings,
                                          uint32_t range_count);
  std::shared_ptr<Offer> AddOffer(std::string resource_self, std::string resource_rid,
                                  Throughput throughput);
  void RemoveDatabase(const Database& database);
  void RemoveContainer(Database* database, const Container& container);
  void Clear();
  // Records the definitions, if there is a journal. To be called after each change of them.
  Status SaveCatalog() const;

  // What recovery puts in place of everything.
  struct Restored {
    std::map<std::string, std::shared_ptr<Database>, std::less<>> databases;
    std::map<std::string, std::shared_ptr<Offer>, std::less<>> offers;
    uint32_t next_database_number = 1;
    uint32_t next_offer_number = 1;
  };
  void Restore(Restored restored);
  // By binary rid; nullptr when there is none.
  std::shared_ptr<Container> ContainerByRid(std::string_view rid) const;
  uint32_t next_database_number() const { return next_database_number_; }
  uint32_t next_offer_number() const { return next_offer_number_; }

 private:
  void RemoveOfferOf(std::string_view resource_rid);

  std::map<std::string, std::shared_ptr<Database>, std::less<>> databases_;  // by id
  std::map<std::string, std::shared_ptr<Offer>, std::less<>> offers_;        // by rid text
  uint32_t next_database_number_ = 1;
  uint32_t next_offer_number_ = 1;
  std::atomic<uint64_t> next_version_{0};
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_ACCOUNT_H_
