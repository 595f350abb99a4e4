// Tuning: what of a destination can be set for the time of a load and set back afterwards: the
// throughput that is provisioned (and paid for), and what is indexed. A connector does what it is
// told and says what holds; when, for how long and who has agreed is decided above.
#ifndef SPILLWAY_CONNECTOR_TUNING_H_
#define SPILLWAY_CONNECTOR_TUNING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"

namespace spillway {

// In the unit of WriteReport::cost, a second.
struct ProvisionedThroughput {
  bool autoscale = false;  // it follows the load, up to `units_per_second`
  uint32_t units_per_second = 0;
  bool operator==(const ProvisionedThroughput&) const = default;
};

struct ProvisionedState {
  ProvisionedThroughput now;
  std::optional<uint32_t> units_min;  // the least that can be set, of the present kind
  bool change_pending = false;        // one is on its way (hours, when partitions must split)
};

struct IndexingState {
  std::string policy;        // opaque, for SetIndexing
  std::string light_policy;  // the same with as little indexed as can be
  bool is_light = false;     // there is nothing to lighten
  // Of the present policy's index, 0 to 100; nullopt: not told.
  std::optional<uint32_t> progress_percent;
};

// Thread-safe. Every call blocks for a few requests, and one that changes something at most for a
// minute until that is done; none repeats a change. Errors of all:
// kNotFound: the destination is not there yet; kPermissionDenied, kUnauthenticated; kThrottled,
// kUnavailable, kUnsure: the same call may work later, and may be made again.
class Tuning {
 public:
  virtual ~Tuning() = default;

  // kUnsupported: there is no throughput of its own that could be set; says why.
  virtual Result<ProvisionedState> ReadProvisioned(const CallContext& ctx) = 0;
  // Sets it, or one step towards it: what holds then is the answer, and the same call goes on from
  // there. Does nothing while a change is pending. Less than the least that the service allows
  // becomes that. kInvalidArgument: the service refuses it, in its own words.
  virtual Result<ProvisionedState> SetProvisioned(const ProvisionedThroughput& wanted,
                                                  const CallContext& ctx) = 0;
  // Whether it could be set at all, as far as that is known without asking. Pure.
  virtual Status CheckProvisioned(const ProvisionedThroughput& wanted) const = 0;
  // The least that can be set, of a kind, once `highest` was. Pure.
  virtual uint32_t LeastAfter(const ProvisionedThroughput& highest, bool autoscale) const = 0;

  virtual Result<IndexingState> ReadIndexing(const CallContext& ctx) = 0;
  // kConflict: it was changed by somebody else at the same time.
  virtual Status SetIndexing(std::string_view policy, const CallContext& ctx) = 0;

  // What is configured and will have no effect there, in sentences, each with what to do.
  virtual Result<std::vector<std::string>> Warnings(const CallContext& ctx) = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_TUNING_H_
