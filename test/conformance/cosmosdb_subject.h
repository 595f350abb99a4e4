// The Cosmos DB destination under the conformance suite, against the local server.
#ifndef SPILLWAY_TEST_CONFORMANCE_COSMOSDB_SUBJECT_H_
#define SPILLWAY_TEST_CONFORMANCE_COSMOSDB_SUBJECT_H_

#include <memory>

#include "conformance/conformance_subject.h"

namespace spillway {

std::unique_ptr<ConformanceSubject> MakeCosmosSubject();
// The same without bulk requests.
std::unique_ptr<ConformanceSubject> MakeCosmosPointSubject();

}  // namespace spillway

#endif  // SPILLWAY_TEST_CONFORMANCE_COSMOSDB_SUBJECT_H_
