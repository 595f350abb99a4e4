#include "transforms/document_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "columns/column_view.h"
#include "json/document_key.h"
#include "json/json_buffer.h"
#include "transforms/batch_pool.h"
#include "transforms/document_plan.h"
#include "transforms/key_writer.h"
#include "transforms/row_filter.h"
#include "transforms/value_writer.h"

namespace spillway {
namespace {

// Where the texts of one document stand in the buffer: partition key, separator, id, etag, body.
struct Extent {
  size_t begin = 0;
  size_t key_end = 0;
  size_t id_end = 0;
  size_t etag_end = 0;
  size_t end = 0;
};

// Encodes one batch. The columns are bound and their strings checked once; then row by row.
class BatchEncoder {
 public:
  BatchEncoder(const DocumentPlan& plan, Intent intent, EncodedBatch* out)
      : plan_(plan),
        intent_(intent),
        batch_(*out),
        buffer_(&out->bytes, 0),
        checked_(plan.string_count),
        values_(&buffer_, &checked_),
        keys_(&plan_, &columns_, &values_, &buffer_) {}

  Status Bind(const Batch& batch);
  void EncodeRow(int64_t row);
  void Finish();

 private:
  void CheckComponent(const KeyComponent& component);
  bool WriteRow(int64_t row, Extent* extent);
  bool WriteBody(int64_t row, const Extent& extent);
  bool CheckSize(size_t begin);
  void CloseGroup(size_t begin);
  void Reject(int64_t row, size_t begin);

  const DocumentPlan& plan_;
  const Intent intent_;
  EncodedBatch& batch_;
  std::vector<ColumnView> columns_;
  JsonBuffer buffer_;
  CheckedStrings checked_;
  ValueWriter values_;
  KeyWriter keys_;
  std::vector<Extent> extents_;
  std::vector<size_t> groups_;  // where the open objects of mapped fields begin
};

Status BatchEncoder::Bind(const Batch& batch) {
  columns_.reserve(plan_.columns.size());
  for (const PlannedColumn& column : plan_.columns) {
    ASSIGN_OR_RETURN(ColumnView view, BindPlanned(column, batch));
    columns_.push_back(std::move(view));
  }
  for (const IdPart& part : plan_.id) CheckStrings(part.value, columns_[part.column], &checked_);
  for (const KeyComponent& component : plan_.partition_key) CheckComponent(component);
  if (plan_.etag_column) CheckStrings(plan_.etag, columns_[*plan_.etag_column], &checked_);
  for (const DocumentStep& step : plan_.steps) {
    if (intent_ == Intent::kDelete) break;
    if (step.kind == DocumentStep::Kind::kField) {
      CheckStrings(step.value, columns_[step.column], &checked_);
    }
  }
  const auto rows = static_cast<size_t>(batch.rows());
  extents_.reserve(rows);
  batch_.documents.reserve(rows);
  return Status::Ok();
}

void BatchEncoder::CheckComponent(const KeyComponent& component) {
  if (component.is_id) return;
  const ColumnView* view = &columns_[component.column];
  for (const uint32_t member : component.members) view = &view->child(member);
  CheckStrings(component.value, *view, &checked_);
}

void BatchEncoder::EncodeRow(int64_t row) {
  Extent extent;
  extent.begin = buffer_.size();
  if (!WriteRow(row, &extent)) return Reject(row, extent.begin);
  extent.end = buffer_.size();
  Document document;
  document.intent = intent_;
  document.row = static_cast<uint32_t>(row);
  document.identity =
      Murmur3x64_128(buffer_.Written(extent.begin).substr(0, extent.id_end - extent.begin));
  batch_.documents.push_back(document);
  extents_.push_back(extent);
}

bool BatchEncoder::WriteRow(int64_t row, Extent* extent) {
  if (!keys_.WriteKey(row, &extent->key_end)) return false;
  extent->id_end = buffer_.size();
  if (plan_.etag_column && !keys_.WriteEtag(row)) return false;
  extent->etag_end = buffer_.size();
  return intent_ == Intent::kDelete || WriteBody(row, *extent);
}

bool BatchEncoder::WriteBody(int64_t row, const Extent& extent) {
  const size_t begin = buffer_.size();
  keys_.OpenDocument(extent.key_end + 1, extent.id_end);
  groups_.clear();
  for (const DocumentStep& step : plan_.steps) {
    switch (step.kind) {
      case DocumentStep::Kind::kField:
        if (!values_.WriteField(step.value, columns_[step.column], row)) return false;
        break;
      case DocumentStep::Kind::kOpen:
        groups_.push_back(buffer_.size());
        values_.OpenObject(step.value.name);
        break;
      case DocumentStep::Kind::kClose:
        CloseGroup(groups_.back());
        break;
    }
  }
  buffer_.Ensure(1);
  buffer_.Close('}');
  return CheckSize(begin);
}

// An object of mapped fields exists only for its fields: without any it is left out.
void BatchEncoder::CloseGroup(size_t begin) {
  groups_.pop_back();
  if (*(buffer_.end() - 1) == '{') return buffer_.Truncate(begin);
  buffer_.Ensure(2);
  buffer_.Close('}');
  buffer_.Put(',');
}

bool BatchEncoder::CheckSize(size_t begin) {
  const size_t bytes = buffer_.size() - begin;
  if (bytes <= plan_.limits.document_bytes_max) [[likely]]
    return true;
  return values_.RefuseRow("document_too_large",
                           fmt::format("the document has {} bytes; the destination takes {}", bytes,
                                       plan_.limits.document_bytes_max));
}

// The slow path may write the parts of the key again, each for itself: what can be known is kept.
void BatchEncoder::Reject(int64_t row, size_t begin) {
  RejectedRow rejected;
  rejected.row = static_cast<uint32_t>(row);
  rejected.reason = values_.error().reason;
  rejected.message = values_.error().message;
  buffer_.Truncate(begin);
  JsonBuffer key(&rejected.key);
  key.Append("[");
  std::string id;
  const bool id_known = keys_.WriteId(row);
  if (id_known) id = buffer_.Written(begin);
  buffer_.Truncate(begin);
  const bool key_known = keys_.WritePartitionKey(row);
  key.Append(key_known ? buffer_.Written(begin) : "null");
  if (id_known && key_known) rejected.identity = DocumentIdentity(buffer_.Written(begin), id);
  buffer_.Truncate(begin);
  key.Append(",");
  id_known ? key.AppendString(id) : key.Append("null");
  key.Append("]");
  key.Finish();
  batch_.rejected.push_back(std::move(rejected));
}

void BatchEncoder::Finish() {
  buffer_.Finish();
  const char* const bytes = batch_.bytes.data();
  const auto view = [bytes](size_t begin, size_t end) {
    return std::string_view(bytes + begin, end - begin);
  };
  for (size_t i = 0; i < extents_.size(); ++i) {
    const Extent& extent = extents_[i];
    Document& document = batch_.documents[i];
    document.partition_key = view(extent.begin, extent.key_end);
    document.id = view(extent.key_end + 1, extent.id_end);
    document.etag = view(extent.id_end, extent.etag_end);
    document.body = view(extent.etag_end, extent.end);
  }
}

class PlannedEncoder final : public DocumentEncoder {
 public:
  PlannedEncoder(DocumentPlan plan, std::optional<RowFilter> filter)
      : plan_(std::move(plan)), filter_(std::move(filter)) {}

  Result<std::shared_ptr<EncodedBatch>> Encode(const Batch& batch, Intent intent) const override {
    const std::shared_ptr<EncodedBatch> out = pool_->Take();
    const auto rows = batch.rows();
    out->rows_read = static_cast<uint64_t>(rows);
    out->split = batch.split;
    out->first_row = batch.first_row;
    MakeRoom(rows, &out->bytes);
    BatchEncoder encoder(plan_, intent, out.get());
    RETURN_IF_ERROR(encoder.Bind(batch));
    std::vector<uint8_t> selected;
    if (filter_) {
      ASSIGN_OR_RETURN(selected, filter_->Evaluate(batch));
    }
    for (int64_t row = 0; row < rows; ++row) {
      if (filter_ && selected[static_cast<size_t>(row)] == 0) {
        ++out->rows_filtered;
      } else {
        encoder.EncodeRow(row);
      }
    }
    encoder.Finish();
    if (rows > 0 && intent == Intent::kUpsert) {
      bytes_per_row_.store(out->bytes.size() / static_cast<size_t>(rows) + 1,
                           std::memory_order_relaxed);
    }
    return out;
  }

  Result<std::shared_ptr<EncodedBatch>> EncodeRows(const Batch& batch, Intent intent,
                                                   std::span<const uint32_t> rows) const override {
    const std::shared_ptr<EncodedBatch> out = pool_->Take();
    out->rows_read = rows.size();
    out->split = batch.split;
    out->first_row = batch.first_row;
    MakeRoom(static_cast<int64_t>(rows.size()), &out->bytes);
    BatchEncoder encoder(plan_, intent, out.get());
    RETURN_IF_ERROR(encoder.Bind(batch));
    for (const uint32_t row : rows) encoder.EncodeRow(row);
    encoder.Finish();
    return out;
  }

 private:
  // By the batch before it, and a little more, so that batches of one table rarely move their
  // bytes. A recycled text that is too small is replaced: enlarging would copy it, and double it,
  // which is counted against the memory of all batches.
  void MakeRoom(int64_t rows, std::string* bytes) const {
    const size_t expected =
        static_cast<size_t>(rows) * bytes_per_row_.load(std::memory_order_relaxed);
    if (bytes->capacity() >= expected + expected / 32) return;
    std::string fresh;
    fresh.reserve(expected + expected / 8);
    bytes->swap(fresh);
  }

  const DocumentPlan plan_;
  const std::optional<RowFilter> filter_;
  const std::shared_ptr<BatchPool> pool_ = std::make_shared<BatchPool>();
  mutable std::atomic<size_t> bytes_per_row_{256};
};

void AddUnique(const std::string& name, std::vector<std::string>* names) {
  if (std::find(names->begin(), names->end(), name) == names->end()) names->push_back(name);
}

void AddColumns(const Expression& expression, std::vector<std::string>* names) {
  if (expression.kind == Expression::Kind::kColumn) AddUnique(expression.column[0], names);
  for (const Expression& operand : expression.operands) AddColumns(operand, names);
}

}  // namespace

Result<std::unique_ptr<DocumentEncoder>> DocumentEncoder::Make(const DocumentOptions& options,
                                                               const ArrowSchema& schema,
                                                               const Capabilities& capabilities) {
  auto plan = PlanDocument(options, schema, capabilities);
  std::optional<RowFilter> filter;
  Status filter_status;
  if (!options.filter.empty()) {
    auto made = RowFilter::Make(options.filter, schema);
    if (made.ok()) filter = *std::move(made);
    filter_status = std::move(made).status();
  }
  if (!plan.ok() && !filter_status.ok()) {
    return InvalidArgument(fmt::format("{}\n{}", plan.status().message(), filter_status.message()));
  }
  if (!plan.ok()) return std::move(plan).status();
  if (!filter_status.ok()) return filter_status;
  return std::unique_ptr<DocumentEncoder>(
      std::make_unique<PlannedEncoder>(*std::move(plan), std::move(filter)));
}

Result<std::vector<std::string>> DocumentEncoder::ColumnsToRead(const DocumentOptions& options) {
  std::vector<std::string> names = options.columns;
  if (names.empty()) return names;
  for (const FieldMapping& mapping : options.fields) AddUnique(mapping.column, &names);
  for (const std::string& name : options.id_columns) AddUnique(name, &names);
  ASSIGN_OR_RETURN(const std::optional<Expression> filter, Filter(options));
  if (filter) AddColumns(*filter, &names);
  return names;
}

Result<std::optional<Expression>> DocumentEncoder::Filter(const DocumentOptions& options) {
  if (options.filter.empty()) return std::optional<Expression>();
  ASSIGN_OR_RETURN(Expression expression, ParseFilter(options.filter));
  return std::optional<Expression>(std::move(expression));
}

}  // namespace spillway
