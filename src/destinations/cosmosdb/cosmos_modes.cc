#include "destinations/cosmosdb/cosmos_modes.h"

#include <utility>

namespace spillway::cosmosdb {
namespace {

constexpr ModeRule kSkipRule = {.step = Step::kSkip};
constexpr ModeRule kNeedsEtagRule = {.step = Step::kNeedsEtag};
// Whatever changed between reading and writing back, the row starts over from the read.
constexpr ModeRule kMergeRule = {.step = Step::kMerge,
                                 .on_not_found = Meaning::kRetry,
                                 .on_conflict = Meaning::kRetry,
                                 .on_precondition = Meaning::kRetry};

// A 404 of an upsert: the item expired (TTL) between two steps of the service.
constexpr ModeRule kUpsertRule = {.operation = OperationKind::kUpsert,
                                  .on_not_found = Meaning::kRetry};
constexpr ModeRule kCreateRule = {.operation = OperationKind::kCreate,
                                  .on_conflict = Meaning::kSuppressed};
constexpr ModeRule kReplaceRule = {.operation = OperationKind::kReplace,
                                   .on_not_found = Meaning::kSuppressed};
constexpr ModeRule kReplaceIfCurrentRule = {.operation = OperationKind::kReplace,
                                            .conditional = true,
                                            .on_not_found = Meaning::kSuppressed,
                                            .on_precondition = Meaning::kSuppressed};
constexpr ModeRule kPatchRule = {.operation = OperationKind::kPatch};
constexpr ModeRule kPatchIfExistsRule = {.operation = OperationKind::kPatch,
                                         .on_not_found = Meaning::kSuppressed};
constexpr ModeRule kDeleteRule = {.operation = OperationKind::kDelete,
                                  .success = RowOutcome::kDeleted,
                                  .on_not_found = Meaning::kNotFound};
constexpr ModeRule kDeleteIfCurrentRule = {.operation = OperationKind::kDelete,
                                           .conditional = true,
                                           .success = RowOutcome::kDeleted,
                                           .on_not_found = Meaning::kNotFound,
                                           .on_precondition = Meaning::kSuppressed};
constexpr ModeRule kSoftDeleteRule = {.operation = OperationKind::kPatch,
                                      .success = RowOutcome::kDeleted,
                                      .on_not_found = Meaning::kNotFound};

struct Row {
  WriteMode mode;
  ModeRule upsert;  // for Intent::kUpsert
  ModeRule upsert_with_etag;
  ModeRule remove;  // for Intent::kDelete
  ModeRule remove_with_etag;
};

// In the order of WriteMode, so that the mode is the index.
constexpr Row kTable[] = {
    {WriteMode::kMirror, kUpsertRule, kUpsertRule, kDeleteRule, kDeleteRule},
    {WriteMode::kUpsert, kUpsertRule, kUpsertRule, kSkipRule, kSkipRule},
    {WriteMode::kAppend, kCreateRule, kCreateRule, kSkipRule, kSkipRule},
    {WriteMode::kUpdate, kReplaceRule, kReplaceRule, kSkipRule, kSkipRule},
    {WriteMode::kUpsertIfNotModified, kCreateRule, kReplaceIfCurrentRule, kSkipRule, kSkipRule},
    {WriteMode::kPatch, kPatchRule, kPatchRule, kSkipRule, kSkipRule},
    {WriteMode::kPatchIfExists, kPatchIfExistsRule, kPatchIfExistsRule, kSkipRule, kSkipRule},
    {WriteMode::kMergeFields, kMergeRule, kMergeRule, kSkipRule, kSkipRule},
    {WriteMode::kDelete, kDeleteRule, kDeleteRule, kDeleteRule, kDeleteRule},
    {WriteMode::kDeleteIfNotModified, kNeedsEtagRule, kDeleteIfCurrentRule, kNeedsEtagRule,
     kDeleteIfCurrentRule},
    {WriteMode::kSoftDelete, kUpsertRule, kUpsertRule, kSoftDeleteRule, kSoftDeleteRule},
};

constexpr bool TableIsInOrder() {
  for (size_t i = 0; i < std::size(kTable); ++i) {
    if (static_cast<size_t>(kTable[i].mode) != i) return false;
  }
  return std::size(kTable) == static_cast<size_t>(WriteMode::kSoftDelete) + 1;
}
static_assert(TableIsInOrder());

constexpr std::pair<std::string_view, WriteMode> kSparkStrategies[] = {
    {"ItemOverwrite", WriteMode::kUpsert},
    {"ItemAppend", WriteMode::kAppend},
    {"ItemOverwriteIfNotModified", WriteMode::kUpsertIfNotModified},
    {"ItemDelete", WriteMode::kDelete},
    {"ItemDeleteIfNotModified", WriteMode::kDeleteIfNotModified},
    {"ItemPatch", WriteMode::kPatch},
    {"ItemPatchIfExists", WriteMode::kPatchIfExists},
    {"ItemBulkUpdate", WriteMode::kMergeFields},
};

}  // namespace

const ModeRule& RuleFor(WriteMode mode, Intent intent, bool has_etag) {
  const Row& row = kTable[static_cast<size_t>(mode)];
  if (intent == Intent::kUpsert) return has_etag ? row.upsert_with_etag : row.upsert;
  return has_etag ? row.remove_with_etag : row.remove;
}

std::optional<WriteMode> WriteModeOfSparkStrategy(std::string_view name) {
  for (const auto& [strategy, mode] : kSparkStrategies) {
    if (strategy == name) return mode;
  }
  return std::nullopt;
}

}  // namespace spillway::cosmosdb
