// Difference: a mismatch told to people: whose it is, which fields differ, and who wrote it.
#ifndef SPILLWAY_VERIFY_DIFFERENCE_H_
#define SPILLWAY_VERIFY_DIFFERENCE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "verify/comparison.h"

namespace spillway {

struct Difference {
  DifferenceKind kind = DifferenceKind::kMissing;
  std::string partition_key;  // JSON array
  std::string id;
  std::vector<std::string> fields;  // of kDifferent: paths that differ, at most 16
  // Of a document that bears a stamp of this pipeline "run 12", of another "others"; empty: the
  // pipeline writes none, or there is no document.
  std::string written_by;
};

// "missing", "extra", "different".
std::string_view DifferenceName(DifferenceKind kind);

// What is the same for all differences of a comparison; all outlive the describing.
struct DescribeParts {
  const LoadParts& run;
  const std::string& pipeline;
  const Snapshot& snapshot;
  const DocumentEncoder& encoder;
  const KeyFile* keys = nullptr;  // of the comparison; null: no mismatch is kExtra
  std::span<const std::string> ignored_fields;
  const std::string& stamp_field;  // DocumentOptions::stamp_field
};

// Reads the row and the document again. A document that is gone or mended by now did differ, and
// says so without fields.
Result<Difference> DescribeMismatch(const DescribeParts& parts, const Mismatch& mismatch,
                                    const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_DIFFERENCE_H_
