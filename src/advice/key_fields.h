// KeyFields: the fields of a pipeline's documents that could be its partition key, and why the
// others could not.
#ifndef SPILLWAY_ADVICE_KEY_FIELDS_H_
#define SPILLWAY_ADVICE_KEY_FIELDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/arrow_abi.h"
#include "transforms/document_options.h"

namespace spillway {

struct KeyField {
  std::string path;      // "/tenant", "/address/city"
  std::string type;      // of the column, in words
  bool is_id = false;    // the document's id
  bool moment = false;   // a date or a time: grows as the table does
  std::string unlikely;  // why nobody would want it; "" for a candidate. Judged when asked for.
};

// A path that was not judged.
struct LeftOutKey {
  std::string path;
  std::string reason;
};

struct KeyFields {
  std::vector<KeyField> fields;  // in the order of the table; /id first
  std::vector<LeftOutKey> left_out;

  // nullptr: there is none.
  const KeyField* Find(std::string_view path) const;
};

// `schema` as Snapshot::schema() of the columns that the documents need.
KeyFields FindKeyFields(const DocumentOptions& options, const ArrowSchema& schema);

// The path as FindKeyFields writes it. kInvalidArgument: it is none.
Result<std::string> NormalPath(const std::string& path);

}  // namespace spillway

#endif  // SPILLWAY_ADVICE_KEY_FIELDS_H_
