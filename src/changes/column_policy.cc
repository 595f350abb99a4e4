#include "changes/column_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "transforms/document_encoder.h"

namespace spillway {
namespace {

// The columns that documents, keys or the filter are made of; empty: all.
bool IsMapped(const std::vector<std::string>& mapped, const std::string& column) {
  return mapped.empty() || std::find(mapped.begin(), mapped.end(), column) != mapped.end();
}

bool IsDecimal(const std::string& type) {
  return type.starts_with("decimal");
}

// A decimal's scale shows in its text, and so in a document that holds it as a string.
bool TextChanges(const ColumnChange& change, const DocumentOptions& documents) {
  if (!IsDecimal(change.old_type) && !IsDecimal(change.new_type)) return false;
  const auto own = documents.column_policies.find(change.column);
  const ValuePolicy& policy =
      own == documents.column_policies.end() ? documents.policy : own->second;
  return policy.decimals == DecimalPolicy::kString ||
         policy.inexact_numbers == InexactNumberPolicy::kString;
}

Status NeedsDecision(int64_t version, std::string what) {
  return Unsupported(fmt::format("version {} of the table {}", version, what))
      .WithHint(
          "map the columns as they are now and load the table anew: spillway sync PIPELINE"
          " --full; or leave the column out with source.columns");
}

Status Judge(const ColumnChange& change, const DocumentOptions& documents,
             const std::vector<std::string>& mapped, int64_t version,
             std::vector<std::string>* late_columns) {
  switch (change.kind) {
    case ColumnChange::Kind::kAdded:
      if (IsMapped(mapped, change.column)) late_columns->push_back(change.column);
      return Status::Ok();
    case ColumnChange::Kind::kDropped:
      if (!IsMapped(mapped, change.column)) return Status::Ok();
      return NeedsDecision(version, fmt::format("no longer has the column {}, which documents of"
                                                " older rows hold",
                                                change.column));
    case ColumnChange::Kind::kRenamed:
      if (!IsMapped(mapped, change.old_column) && !IsMapped(mapped, change.column)) {
        return Status::Ok();
      }
      return NeedsDecision(
          version, fmt::format("calls the column {} now {}", change.old_column, change.column));
    case ColumnChange::Kind::kWidened:
      if (!IsMapped(mapped, change.column) || !TextChanges(change, documents)) return Status::Ok();
      break;
    case ColumnChange::Kind::kRetyped:
      if (!IsMapped(mapped, change.column)) return Status::Ok();
      break;
  }
  return NeedsDecision(
      version, fmt::format("changes the column {} from {} to {}, and with it the documents of"
                           " unchanged rows",
                           change.column, change.old_type, change.new_type));
}

}  // namespace

Status JudgeColumnChanges(std::span<const ColumnChange> changes, const DocumentOptions& documents,
                          int64_t version, std::vector<std::string>* late_columns) {
  ASSIGN_OR_RETURN(const std::vector<std::string> mapped,
                   DocumentEncoder::ColumnsToRead(documents));
  for (const ColumnChange& change : changes) {
    RETURN_IF_ERROR(Judge(change, documents, mapped, version, late_columns));
  }
  std::sort(late_columns->begin(), late_columns->end());
  late_columns->erase(std::unique(late_columns->begin(), late_columns->end()), late_columns->end());
  return Status::Ok();
}

DocumentOptions WithLateColumns(DocumentOptions documents,
                                const std::vector<std::string>& late_columns) {
  for (const std::string& column : late_columns) {
    const auto own = documents.column_policies.try_emplace(column, documents.policy).first;
    own->second.nulls = NullPolicy::kOmit;
  }
  return documents;
}

}  // namespace spillway
