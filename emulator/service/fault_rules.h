// Fault rules: what goes wrong on purpose, for which requests, how often and when. Set through the
// control port; decided here; carried out by the gate in front of the service.
#ifndef SPILLWAY_EMULATOR_SERVICE_FAULT_RULES_H_
#define SPILLWAY_EMULATOR_SERVICE_FAULT_RULES_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/json/value.h"
#include "emulator/service/http_message.h"

namespace spillway::emulator {

// What a rule can look at.
struct RequestInfo {
  std::string
      operation;  // "create", "upsert", "read", "replace", "patch", "delete", "bulk", "batch",
                  // "query", "plan", "feed", "account", "database", "container", "ranges", "offer"
  std::string container;  // "database/container"; empty: not about one
  std::string range;      // id; empty: not about one
  std::string client{};   // as its User-Agent says
};

struct FaultRule {
  enum class Effect {
    kNone,        // only the delay
    kError,       // `status`, `substatus`, `retry_after`
    kReset,       // the connection breaks
    kTruncate,    // half of the reply, then the connection breaks
    kWrongCount,  // a batch reply lacks its last result
    kLate,        // the connection breaks now, the request is carried out after `late`
    kPause,       // held until the rule is gone
  };
  // Before: the request is not carried out. After: it was, and the client is told otherwise.
  enum class Moment { kBefore, kAfter };

  uint64_t id = 0;
  std::string operation = "any";  // of RequestInfo, or "any", "write", "metadata"
  std::string container;          // empty: any
  std::string range;              // empty: any
  std::string client;             // how its User-Agent begins; empty: any
  // Fails single operations of bulk requests instead of whole requests; only for kError.
  bool per_operation = false;
  double probability = 1;
  uint64_t skip = 0;              // so many matches pass first
  std::optional<uint64_t> count;  // then so many are hit; none: all
  Moment moment = Moment::kBefore;
  Effect effect = Effect::kError;
  std::chrono::milliseconds delay{0};  // before the request is carried out
  std::chrono::milliseconds late{0};
  int status = 503;
  int substatus = 0;
  std::optional<std::chrono::milliseconds> retry_after;
  uint32_t drip_bytes_per_second = 0;

  uint64_t hits = 0;
};

// Thread-safe.
class FaultRules {
 public:
  // Of rules and of the text of one; the bounds keep a mistyped script from taking the server down.
  static constexpr size_t kRulesMax = 1000;

  // {"operation":"bulk","range":"0","effect":"error","status":503,"probability":0.1,…}: the members
  // are the fields above, times in milliseconds with the suffix _ms. Fails with kInvalidArgument.
  static Result<FaultRule> Parse(const Value& json);
  static Value ToValue(const FaultRule& rule);

  Result<uint64_t> Add(FaultRule rule);
  bool Remove(uint64_t id);
  void Clear();
  bool Has(uint64_t id) const;
  std::vector<FaultRule> List() const;
  // Makes probabilities repeatable.
  void Seed(uint64_t seed);

  bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }
  // The first rule that hits; counts it.
  std::optional<FaultRule> Decide(const RequestInfo& info) { return Decide(info, false); }
  std::optional<FaultRule> DecideOperation(const RequestInfo& info) { return Decide(info, true); }

 private:
  std::optional<FaultRule> Decide(const RequestInfo& info, bool per_operation);

  mutable std::mutex mutex_;
  std::vector<FaultRule> rules_;
  std::atomic<size_t> count_{0};
  uint64_t next_id_ = 1;
  std::mt19937_64 random_{42};
};

// The error that a rule puts in place of a reply.
ServiceError ErrorOf(const FaultRule& rule);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_FAULT_RULES_H_
