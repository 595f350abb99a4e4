// Growth: when a change of throughput takes effect, and when a container gets more physical
// partitions because of its throughput or of what it holds.
#ifndef SPILLWAY_EMULATOR_SERVICE_GROWTH_H_
#define SPILLWAY_EMULATOR_SERVICE_GROWTH_H_

#include "emulator/service/options.h"
#include "emulator/store/account.h"

namespace spillway::emulator {

// What one physical partition can serve at most (service quotas).
inline constexpr double kUnitsPerRangeMax = 10'000;

// Splits ranges until none has to serve more than kUnitsPerRangeMax of the offer's throughput.
// True when there are more than before. REQUIRES: the account's mutex, and no topology lock held.
bool GrowForThroughput(const Account& account, const Offer& offer);

// Makes changes of throughput effective whose time has come, and splits the ranges that hold more
// than they may. True when anything changed: buckets and catalog have to follow. REQUIRES: as
// above.
bool SettleAndGrow(const Account& account, const ServerOptions& options);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_GROWTH_H_
