// ConformanceSubject: one destination under the conformance suite: an empty store of its own, and
// the faults that can be made to happen in it. The suite holds every destination to the contract of
// connector/destination.h; docs/adding-a-destination.md says how to add one.
#ifndef SPILLWAY_TEST_CONFORMANCE_CONFORMANCE_SUBJECT_H_
#define SPILLWAY_TEST_CONFORMANCE_CONFORMANCE_SUBJECT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/result.h"
#include "connector/destination.h"

namespace spillway {

// Made anew for every test; its store is empty then. The container that it opens has the partition
// key path /k. A hook that returns false says that the destination cannot have this fault: the test
// that needs it is skipped, and the run shows which.
class ConformanceSubject {
 public:
  virtual ~ConformanceSubject() = default;

  // A destination on the subject's store; every call opens the same store. At most one is open at a
  // time.
  virtual Result<std::unique_ptr<Destination>> Open() = 0;
  // The same with credentials that are not accepted, or without the right to write.
  virtual Result<std::unique_ptr<Destination>> OpenUnauthorised() = 0;
  virtual bool CanRefuseAuthorisation() const { return true; }

  // From now on the store asks to slow down, until told otherwise.
  virtual bool SetThrottled(bool throttled) {
    (void)throttled;
    return false;
  }
  // A body that the store refuses for good under this partition key value and id, while it takes
  // others; "" when it takes everything.
  virtual std::string RefusedBody(const std::string& key, const std::string& id) {
    (void)key, (void)id;
    return "";
  }
  // The next write is applied, and its answer lost.
  virtual bool LoseNextAnswer() { return false; }

  // Top-level fields that the store adds to documents by itself.
  virtual std::vector<std::string> system_fields() const { return {}; }
};

// Named for the test's output: "file", "cosmosdb".
struct NamedSubject {
  std::string name;
  std::function<std::unique_ptr<ConformanceSubject>()> make;

  friend void PrintTo(const NamedSubject& subject, std::ostream* out) { *out << subject.name; }
};

// The one list of destinations under test (subjects.cc).
std::vector<NamedSubject> ConformanceSubjects();

}  // namespace spillway

#endif  // SPILLWAY_TEST_CONFORMANCE_CONFORMANCE_SUBJECT_H_
