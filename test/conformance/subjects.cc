#include "conformance/conformance_subject.h"
#include "conformance/cosmosdb_subject.h"
#include "conformance/file_subject.h"

namespace spillway {

std::vector<NamedSubject> ConformanceSubjects() {
  return {
      {"cosmosdb", MakeCosmosSubject},
      {"cosmosdb_points", MakeCosmosPointSubject},
      {"file", MakeFileSubject},
  };
}

}  // namespace spillway
