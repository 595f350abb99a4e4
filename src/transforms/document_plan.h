// DocumentPlan: the options of an encoder, checked against a schema and a destination and laid out
// as a flat list of steps.
#ifndef SPILLWAY_TRANSFORMS_DOCUMENT_PLAN_H_
#define SPILLWAY_TRANSFORMS_DOCUMENT_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "columns/column_shape.h"
#include "connector/destination.h"
#include "transforms/document_options.h"
#include "transforms/planned_column.h"
#include "transforms/value_plan.h"

namespace spillway {

// A step of writing one document, after its id.
struct DocumentStep {
  enum class Kind : uint8_t {
    kField,  // `value`, from `column`
    kOpen,   // an object of mapped fields begins; value.name is its name
    kClose,  // it ends, and goes again if nothing was written into it
  };
  Kind kind = Kind::kField;
  uint32_t column = 0;  // into DocumentPlan::columns
  ValuePlan value;
};

// One column of the id.
struct IdPart {
  uint32_t column = 0;
  ValuePlan value;
};

// One path of the partition key.
struct KeyComponent {
  bool is_id = false;  // the path is /id
  uint32_t column = 0;
  std::vector<uint32_t> members;  // from the column down through its structs
  ValuePlan value;
};

struct DocumentPlan {
  std::vector<PlannedColumn> columns;
  std::vector<DocumentStep> steps;
  std::vector<IdPart> id;
  std::string id_separator;
  IdEscaping id_escaping = IdEscaping::kReject;
  std::vector<KeyComponent> partition_key;
  std::optional<uint32_t> etag_column;
  ValuePlan etag;
  DocumentLimits limits;
  bool keeps_numbers_exactly = true;
  uint32_t string_count = 0;
};

// Fails with kInvalidArgument and lists every problem, one per line.
Result<DocumentPlan> PlanDocument(const DocumentOptions& options, const ArrowSchema& schema,
                                  const Capabilities& capabilities);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_DOCUMENT_PLAN_H_
