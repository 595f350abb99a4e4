#include "app/document_sections.h"

namespace spillway {
namespace {

ValuePolicy Merged(const ValuePolicy& base, const ColumnSection& column) {
  return {.nulls = column.nulls.value_or(base.nulls),
          .timestamps = column.timestamps.value_or(base.timestamps),
          .decimals = column.decimals.value_or(base.decimals),
          .inexact_numbers = column.inexact_numbers.value_or(base.inexact_numbers),
          .non_finite = column.non_finite.value_or(base.non_finite)};
}

}  // namespace

DocumentOptions MakeDocuments(const SourceSection& source, const DestinationSection& destination,
                              const DocumentsSection& section) {
  DocumentOptions documents;
  documents.columns = source.columns;
  documents.filter = source.filter;
  for (const auto& [field, column] : section.fields) documents.fields.push_back({field, column});
  documents.id_columns = destination.id.columns;
  documents.id_separator = destination.id.separator;
  documents.id_escaping = destination.id.escaping;
  documents.partition_key_paths = destination.partition_key;
  documents.policy = section.policy;
  for (const auto& [name, column] : section.columns) {
    documents.column_policies[name] = Merged(section.policy, column);
  }
  return documents;
}

}  // namespace spillway
