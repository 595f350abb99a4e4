// The `file` destination under the conformance suite.
#ifndef SPILLWAY_TEST_CONFORMANCE_FILE_SUBJECT_H_
#define SPILLWAY_TEST_CONFORMANCE_FILE_SUBJECT_H_

#include <memory>

#include "conformance/conformance_subject.h"

namespace spillway {

std::unique_ptr<ConformanceSubject> MakeFileSubject();

}  // namespace spillway

#endif  // SPILLWAY_TEST_CONFORMANCE_FILE_SUBJECT_H_
