// ScratchSpace: places of the program's own beside a destination, made like it, where writes can be
// tried without touching it: to measure what they cost. Only ever used when the user asks for it.
#ifndef SPILLWAY_CONNECTOR_SCRATCH_H_
#define SPILLWAY_CONNECTOR_SCRATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "connector/destination.h"

namespace spillway {

struct ScratchPlace {
  std::string name;
  int64_t made_ms = 0;  // UTC, by the destination's clock
};

// Used by one thread at a time.
class ScratchSpace {
 public:
  virtual ~ScratchSpace() = default;
  // Whose names begin with `prefix`. One request.
  virtual Result<std::vector<ScratchPlace>> List(const std::string& prefix,
                                                 const CallContext& ctx) = 0;
  // For people, before it is made: "container x with 1,000 RU/s, billed for an hour".
  virtual Result<std::string> Describe(const std::string& name, const CallContext& ctx) = 0;
  // kPermissionDenied: who may write documents need not be allowed this.
  virtual Result<std::unique_ptr<Destination>> Create(const std::string& name,
                                                      const CallContext& ctx) = 0;
  // With all that Create made for it. OK when it is gone already.
  virtual Status Remove(const std::string& name, const CallContext& ctx) = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_SCRATCH_H_
