// What a status code of the service means for a write: retry it, settle it as unsure, reject the
// row, or stop the run. One table; facts: the service's documentation "HTTP Status Codes for Azure
// Cosmos DB" and the public SDKs' sub-status tables.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_RESPONSE_CLASSIFIER_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_RESPONSE_CLASSIFIER_H_

#include <chrono>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/write_report.h"

namespace spillway::cosmosdb {

// What this client must do before the next attempt can do better.
enum class Recovery : uint8_t {
  kNone,
  kRefreshRanges,   // the partition key ranges changed: split, merge, move
  kRefreshAccount,  // the account's regions changed
  kCheckContainer,  // the container may have been deleted and created again
  kSmallerRequest,  // when it concerns a whole request of several operations: send it in halves
};

struct Classification {
  Disposition disposition = Disposition::kReject;
  Recovery recovery = Recovery::kNone;
  StatusCode code = StatusCode::kInternal;
  std::string_view reason;  // stable, for grouping; a literal
};

// REQUIRES: `status` is no success (not 2xx, not 304).
Classification Classify(int status, int sub_status);

bool IsSuccess(int status);

// What the service said of one request or one operation.
struct ServiceError {
  int status = 0;
  int sub_status = 0;
  std::string_view message;      // the service's words, may be empty
  std::string_view activity_id;  // may be empty
  std::chrono::milliseconds retry_after{0};
};

// The same as a Status: "429/3200 throttled: Request rate is large (activity …)".
Status ToStatus(const ServiceError& error);

// The words of an error body ({"code":…,"message":…}): the message's first line, or the body itself
// when it is something else. At most 500 bytes.
std::string MessageOfBody(std::string_view body);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_RESPONSE_CLASSIFIER_H_
