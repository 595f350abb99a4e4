// Throughput: what a create request asks for, what is allowed, and how it reaches the buckets of
// the physical partitions.
#ifndef SPILLWAY_EMULATOR_SERVICE_THROUGHPUT_H_
#define SPILLWAY_EMULATOR_SERVICE_THROUGHPUT_H_

#include <optional>

#include "emulator/service/http_message.h"
#include "emulator/service/options.h"
#include "emulator/store/account.h"

namespace spillway::emulator {

// From the headers x-ms-offer-throughput and x-ms-cosmos-offer-autopilot-settings; nullopt: none.
Outcome<std::optional<Throughput>> RequestedThroughput(const Request& request);

// "autoUpgradePolicy" of autoscale settings; 0 when there is none.
uint32_t IncrementPercent(const Value& autoscale_settings);

// Limits of manual and autoscale throughput (service quotas).
std::optional<ServiceError> CheckThroughput(const Throughput& throughput);

// Headers x-ms-cosmos-priority-level and x-ms-cosmos-throughput-bucket; 400 when they say nonsense.
Outcome<Admission> RequestedAdmission(const Request& request);

// `throughputBuckets` of an offer: [{"id":2,"maxThroughputPercentage":20}]. 400 when they are none.
Outcome<Shares> ParseShares(const Value& buckets);

// A refusal in the service's terms: 429 with its substatus.
ServiceError RequestRateTooLarge(const Refusal& refusal);

// How many physical partitions a new container of this throughput gets.
uint32_t RangesFor(const Throughput& throughput);

// The lowest value that an offer can be set to.
double MinimumUnits(const Offer& offer, const Account& account);

// Brings the buckets of a container, or of every container of a database, in line with their
// offers. REQUIRES: the account's mutex, and no topology lock held.
void ApplyThroughput(const Account& account, const ServerOptions& options, Database* database);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_THROUGHPUT_H_
