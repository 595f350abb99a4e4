// Patch: a partial update (documentation page "Partial document update"): up to ten operations,
// applied in order, all or nothing.
#ifndef SPILLWAY_EMULATOR_SERVICE_PATCH_H_
#define SPILLWAY_EMULATOR_SERVICE_PATCH_H_

#include <optional>
#include <string>
#include <vector>

#include "emulator/json/value.h"
#include "emulator/service/http_message.h"

namespace spillway::emulator {

inline constexpr size_t kPatchOperationsMax = 10;

struct PatchOperation {
  enum class Kind { kAdd, kSet, kReplace, kRemove, kIncrement, kMove };
  Kind kind = Kind::kSet;
  std::vector<std::string> path;  // unescaped names
  std::vector<std::string> from;  // for move
  Value value;
};

struct Patch {
  std::string condition;  // "from c where …"; empty: none
  std::vector<PatchOperation> operations;
};

// An array of operations, or `{"condition":…,"operations":[…]}`.
Outcome<Patch> ParsePatch(const Value& body);

// Applies all operations to `document`; on failure (400) it is left half changed, for the caller to
// drop.
std::optional<ServiceError> ApplyOperations(const Patch& patch, Value* document);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_PATCH_H_
