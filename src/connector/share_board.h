// ShareBoard: where the members of a group that spends one limit together tell each other of
// themselves: a notice of each, and one ledger that says which part of the limit is whose. A board
// judges and reports, and never retries. What is done with it is throughput/share_keeper.h's.
#ifndef SPILLWAY_CONNECTOR_SHARE_BOARD_H_
#define SPILLWAY_CONNECTOR_SHARE_BOARD_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"

namespace spillway {

// What a member says of itself, again and again, for as long as it lives.
struct ShareNotice {
  std::string member;
  uint64_t renewal = 0;          // another number every time
  double load = 1;               // of what it has, the part that it uses; in (0, 1]
  std::optional<double> wanted;  // the part of the limit that it has use for; nullopt: all it gets
  double units_per_second = 0;   // of its part, for people
  bool foreign = false;  // another program's: it takes load / (sum of loads), and knows no ledger
  bool gone = false;     // the board knows that its process has ended
};

struct SharePart {
  std::string member;
  double part = 0;     // of the limit, in [0, 1]
  uint64_t epoch = 0;  // one more whenever the member takes it up again after a silence
};

struct ShareLedger {
  std::vector<SharePart> parts;
  std::string etag;  // another one after every change; empty: there is none yet
};

// How fast a board may be asked, and how long its members may be silent. A member stops spending
// `hold` after it sent the last renewal that succeeded; the others wait for `expire` from when they
// saw it first. So expire - hold is what a request under way, a look that lags and a clock that
// runs slow may take together.
struct ShareTiming {
  std::chrono::milliseconds look{250};         // at the ledger
  std::chrono::milliseconds look_moving{100};  // the same while parts change hands
  std::chrono::milliseconds look_notices{500};
  std::chrono::milliseconds look_alone{1'000};  // at both, while there is nobody else
  std::chrono::milliseconds renew{500};
  std::chrono::milliseconds hold{2'000};
  std::chrono::milliseconds expire{3'000};
  std::chrono::milliseconds gone{200};  // in place of `expire` when the process has ended
  std::chrono::milliseconds call_max{1'000};
};

// Used by one thread at a time.
class ShareBoard {
 public:
  virtual ~ShareBoard() = default;

  // For people: where it is; no credentials.
  virtual std::string Describe() const = 0;
  virtual ShareTiming timing() const { return {}; }
  // Tries what Prepare needs, and writes nothing.
  virtual Status Check(const CallContext& ctx) = 0;
  // Makes what is missing.
  virtual Status Prepare(const CallContext& ctx) = 0;

  // Sees every change that came before it, whoever made it.
  virtual Result<ShareLedger> ReadLedger(const CallContext& ctx) = 0;
  // Replaces the ledger that had `next.etag`, and returns the new etag. kConflict: it is another by
  // now, and nothing was changed; kThrottled, kUnavailable: nothing was changed; kUnsure: it may
  // have been, or may still be.
  virtual Result<std::string> ReplaceLedger(const ShareLedger& next, const CallContext& ctx) = 0;
  // Of all members, the caller too. May lag behind; less than expire - hold.
  virtual Result<std::vector<ShareNotice>> ReadNotices(const CallContext& ctx) = 0;
  virtual Status WriteNotice(const ShareNotice& notice, const CallContext& ctx) = 0;
  virtual Status RemoveNotice(const std::string& member, const CallContext& ctx) = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_SHARE_BOARD_H_
