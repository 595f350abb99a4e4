#include "transforms/document_columns.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "transforms/column_maker.h"

namespace spillway {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

constexpr size_t kNoColumn = SIZE_MAX;

}  // namespace

class DocumentColumns::Impl {
 public:
  Impl(const DocumentColumnsOptions& options) : options_(options) {}

  Status Prepare(const ArrowSchema& schema) {
    ASSIGN_OR_RETURN(const ColumnShape shape, ParseShape(schema));
    if (shape.type != ColumnType::kStruct) return InvalidArgument("the schema is no struct");
    ASSIGN_OR_RETURN(columns_, StructMaker::Make(shape, "", options_, misfits_));
    for (size_t i = 0; i < shape.children.size(); ++i) {
      if (shape.children[i].name != kRawBodyColumn) continue;
      if (!IsString(shape.children[i].type)) {
        return InvalidArgument(fmt::format("column {} must be a string", kRawBodyColumn));
      }
      raw_body_ = i;
    }
    return Status::Ok();
  }

  Status Append(std::string_view document) {
    misfits_.first.clear();
    const error_code error = AppendParsed(document);
    if (error == StructMaker::kDuplicate) return DataLoss("a field stands there twice");
    if (error != simdjson::SUCCESS) {
      return DataLoss(fmt::format("it cannot be read: {}", simdjson::error_message(error)));
    }
    ++rows_;
    bytes_ += document.size();
    if (options_.relaxed || misfits_.first.empty()) return Status::Ok();
    return InvalidArgument(misfits_.first);
  }

  OwnedArray Take() {
    OwnedArray array;
    TakeStruct(std::exchange(rows_, 0), columns_->Take(), array.Receive());
    bytes_ = 0;
    return array;
  }

  int64_t rows() const { return rows_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t misfits() const { return misfits_.count; }

 private:
  error_code AppendParsed(std::string_view document) {
    buffer_.assign(document);
    buffer_.resize(document.size() + simdjson::SIMDJSON_PADDING);
    ondemand::document parsed;
    error_code error = parser_.iterate(buffer_.data(), document.size(), buffer_.size()).get(parsed);
    ondemand::object object;
    if (error == simdjson::SUCCESS) error = parsed.get_object().get(object);
    if (error == simdjson::SUCCESS) error = columns_->Append(object, raw_body_);
    if (error == simdjson::SUCCESS && raw_body_ != kNoColumn) {
      columns_->child(raw_body_).AppendText(document);
    }
    return error;
  }

  const DocumentColumnsOptions options_;
  ondemand::parser parser_;
  std::string buffer_;
  Misfits misfits_;
  std::unique_ptr<StructMaker> columns_;
  size_t raw_body_ = kNoColumn;
  int64_t rows_ = 0;
  uint64_t bytes_ = 0;
};

Result<std::unique_ptr<DocumentColumns>> DocumentColumns::Make(
    const ArrowSchema& schema, const DocumentColumnsOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  RETURN_IF_ERROR(impl->Prepare(schema));
  return std::unique_ptr<DocumentColumns>(new DocumentColumns(std::move(impl)));
}

DocumentColumns::DocumentColumns(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DocumentColumns::~DocumentColumns() = default;

Status DocumentColumns::Append(std::string_view document) {
  return impl_->Append(document);
}
int64_t DocumentColumns::rows() const {
  return impl_->rows();
}
uint64_t DocumentColumns::bytes() const {
  return impl_->bytes();
}
uint64_t DocumentColumns::misfits() const {
  return impl_->misfits();
}
OwnedArray DocumentColumns::Take() {
  return impl_->Take();
}

}  // namespace spillway
