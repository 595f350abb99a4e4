#include "conformance/conformance_subject.h"
#include "conformance/file_subject.h"

namespace spillway {

std::vector<NamedSubject> ConformanceSubjects() {
  return {
      {"file", MakeFileSubject},
  };
}

}  // namespace spillway
