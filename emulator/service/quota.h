// Quota: how much a container, or one of its physical partitions, holds and may hold.
#ifndef SPILLWAY_EMULATOR_SERVICE_QUOTA_H_
#define SPILLWAY_EMULATOR_SERVICE_QUOTA_H_

#include <cstdint>

#include "emulator/service/http_message.h"
#include "emulator/store/container.h"

namespace spillway::emulator {

struct Holding {
  uint64_t documents = 0;
  uint64_t bytes = 0;
};

// REQUIRES: no partition's mutex.
Holding HoldingOf(const Container& container);

// Headers x-ms-resource-quota and x-ms-resource-usage, for requests that ask for them
// (x-ms-documentdb-populatequotainfo); nothing for others.
void AddQuota(const Request& request, const Container& container, const Holding& holding,
              Reply* reply);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_QUOTA_H_
