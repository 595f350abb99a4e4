// Session tokens and the other headers that say where a request ran.
#ifndef SPILLWAY_EMULATOR_SERVICE_SESSION_H_
#define SPILLWAY_EMULATOR_SERVICE_SESSION_H_

#include <optional>
#include <string>

#include "emulator/service/handlers.h"
#include "emulator/service/http_message.h"
#include "emulator/store/partition.h"

namespace spillway::emulator {

// "<range>:-1#<lsn>"; "<range>:<lsn>" for clients of before the API version 2018-06-18, which take
// nothing else.
std::string SessionToken(std::string_view range, uint64_t lsn, bool takes_vectors);
bool TakesVectorTokens(const Request& request);

// 404/1002 when the request's session token is ahead of the partition: it, or a parent, has seen
// writes that this server does not have. REQUIRES: the partition's mutex.
std::optional<ServiceError> CheckSession(const Request& request, const Partition& partition);

// Session token, LSN, range, and the owner's paths. REQUIRES: the partition's mutex.
void AddPartitionHeaders(const ContainerTarget& target, const Partition& partition, Reply* reply);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_SESSION_H_
