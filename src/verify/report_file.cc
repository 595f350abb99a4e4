#include "verify/report_file.h"

#include <fmt/format.h>

#include <utility>

namespace spillway {
namespace {

constexpr size_t kBufferBytesMax = 64 << 10;

}  // namespace

void WriteDifference(const Difference& difference, JsonWriter& json) {
  json.BeginObject().Field("kind", DifferenceName(difference.kind)).Key("partition_key");
  json.Raw(difference.partition_key.empty() ? "[]" : difference.partition_key);
  json.Field("id", difference.id).Key("fields").BeginArray();
  for (const std::string& field : difference.fields) json.String(field);
  json.EndArray();
  if (!difference.written_by.empty()) json.Field("written_by", difference.written_by);
  json.EndObject();
}

Result<std::unique_ptr<ReportFile>> ReportFile::Create(const std::string& path) {
  const bool known =
      path.ends_with(".jsonl") || path.ends_with(".ndjson") || path.ends_with(".json");
  if (!known) {
    return InvalidArgument(fmt::format("--report {}: a report is written as JSON lines", path))
        .WithHint("give it a name that ends with .jsonl");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<SpillFile> file, SpillFile::Open(path));
  RETURN_IF_ERROR(file->Truncate(0));
  return std::unique_ptr<ReportFile>(new ReportFile(std::move(file)));
}

Status ReportFile::Add(const Difference& difference) {
  JsonWriter json;
  WriteDifference(difference, json);
  buffer_ += json.text();
  buffer_ += '\n';
  ++lines_;
  return buffer_.size() < kBufferBytesMax ? Status::Ok() : Flush();
}

Status ReportFile::Close() {
  return Flush();
}

Status ReportFile::Flush() {
  RETURN_IF_ERROR(file_->Append(buffer_.data(), buffer_.size()));
  buffer_.clear();
  return Status::Ok();
}

}  // namespace spillway
