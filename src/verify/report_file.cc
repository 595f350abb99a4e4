#include "verify/report_file.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace spillway {
namespace {

std::string_view PartitionKeyOf(const Difference& difference) {
  return difference.partition_key.empty() ? std::string_view("[]") : difference.partition_key;
}

std::vector<ParquetColumn> Columns() {
  return {{"kind"},
          {"partition_key"},
          {"id"},
          {"fields", ParquetKind::kText, ParquetCount::kList},
          {"written_by", ParquetKind::kText, ParquetCount::kOneOrNull}};
}

}  // namespace

void WriteDifference(const Difference& difference, JsonWriter& json) {
  json.BeginObject().Field("kind", DifferenceName(difference.kind)).Key("partition_key");
  json.Raw(PartitionKeyOf(difference));
  json.Field("id", difference.id).Key("fields").BeginArray();
  for (const std::string& field : difference.fields) json.String(field);
  json.EndArray();
  if (!difference.written_by.empty()) json.Field("written_by", difference.written_by);
  json.EndObject();
}

ReportFile::ReportFile(std::unique_ptr<NewFile> file, bool parquet) : file_(std::move(file)) {
  if (!parquet) return;
  parquet_.emplace(Columns(), [this](std::string_view bytes) { return file_->Append(bytes); });
}

Result<std::unique_ptr<ReportFile>> ReportFile::Create(const std::string& path) {
  const bool lines =
      path.ends_with(".jsonl") || path.ends_with(".ndjson") || path.ends_with(".json");
  const bool parquet = path.ends_with(".parquet");
  if (!lines && !parquet) {
    return InvalidArgument(
               fmt::format("--report {}: a report is written as JSON lines or as Parquet", path))
        .WithHint("give it a name that ends with .jsonl or .parquet");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file, NewFile::Create(path, ExistingFile::kReplace));
  return std::unique_ptr<ReportFile>(new ReportFile(std::move(file), parquet));
}

Status ReportFile::Add(const Difference& difference) {
  ++differences_;
  if (!parquet_.has_value()) {
    JsonWriter json;
    WriteDifference(difference, json);
    return file_->Append(json.text() + "\n");
  }
  parquet_->AddText(DifferenceName(difference.kind));
  parquet_->AddText(PartitionKeyOf(difference));
  parquet_->AddText(difference.id);
  parquet_->AddTexts(difference.fields);
  if (difference.written_by.empty()) {
    parquet_->AddNull();
  } else {
    parquet_->AddText(difference.written_by);
  }
  return parquet_->EndRow();
}

Status ReportFile::Close() {
  if (parquet_.has_value()) RETURN_IF_ERROR(parquet_->Close());
  return file_->Finish();
}

}  // namespace spillway
