// A document encoder for tests of the engine: id, category and value of MemorySource's rows.
#include <fmt/format.h>

#include "json/document_key.h"
#include "transforms/document_encoder.h"

namespace spillway {
namespace {

std::string_view TextAt(const ArrowArray& column, int64_t row) {
  const auto* offsets = static_cast<const int32_t*>(column.buffers[1]);
  const auto* bytes = static_cast<const char*>(column.buffers[2]);
  return {bytes + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
}

struct Ends {
  size_t body_begin, body_end, id_begin, id_end, key_begin, key_end;
};

class StandIn : public DocumentEncoder {
 public:
  explicit StandIn(uint32_t id_bytes_max) : id_bytes_max_(id_bytes_max) {}

  Result<std::shared_ptr<EncodedBatch>> Encode(const Batch& batch, Intent intent) const override {
    auto encoded = std::make_shared<EncodedBatch>();
    encoded->split = batch.split;
    encoded->first_row = batch.first_row;
    encoded->rows_read = static_cast<uint64_t>(batch.rows());
    std::vector<Ends> ends;
    for (int64_t row = 0; row < batch.rows(); ++row) EncodeRow(batch, row, intent, *encoded, ends);
    const std::string_view bytes = encoded->bytes;
    for (size_t i = 0; i < ends.size(); ++i) {
      Document& document = encoded->documents[i];
      document.body = bytes.substr(ends[i].body_begin, ends[i].body_end - ends[i].body_begin);
      document.id = bytes.substr(ends[i].id_begin, ends[i].id_end - ends[i].id_begin);
      document.partition_key = bytes.substr(ends[i].key_begin, ends[i].key_end - ends[i].key_begin);
      document.identity = DocumentIdentity(document.partition_key, document.id);
    }
    return encoded;
  }

 private:
  void EncodeRow(const Batch& batch, int64_t row, Intent intent, EncodedBatch& encoded,
                 std::vector<Ends>& ends) const {
    const ArrowArray& columns = batch.columns.get();
    const std::string_view id = TextAt(*columns.children[0], row);
    const std::string_view category = TextAt(*columns.children[1], row);
    const int64_t value = static_cast<const int64_t*>(columns.children[2]->buffers[1])[row];
    if (value < 0) {
      ++encoded.rows_filtered;
      return;
    }
    if (id.size() > id_bytes_max_) {
      encoded.rejected.push_back({static_cast<uint32_t>(row), fmt::format("[[\"{}\"]]", category),
                                  "id_too_long", "the id is too long"});
      return;
    }
    Ends at{};
    std::string& bytes = encoded.bytes;
    at.body_begin = bytes.size();
    if (intent == Intent::kUpsert) {
      bytes += fmt::format(R"({{"id":"{}","category":"{}","value":{}}})", id, category, value);
    }
    at.body_end = at.id_begin = bytes.size();
    bytes += id;
    at.id_end = at.key_begin = bytes.size();
    bytes += fmt::format("[\"{}\"]", category);
    at.key_end = bytes.size();
    ends.push_back(at);
    Document document;
    document.intent = intent;
    document.row = static_cast<uint32_t>(row);
    encoded.documents.push_back(document);
  }

  const uint32_t id_bytes_max_;
};

}  // namespace

Result<std::unique_ptr<DocumentEncoder>> DocumentEncoder::Make(const DocumentOptions&,
                                                               const ArrowSchema&,
                                                               const Capabilities& capabilities) {
  return std::unique_ptr<DocumentEncoder>(
      std::make_unique<StandIn>(capabilities.limits.id_bytes_max));
}

Result<std::vector<std::string>> DocumentEncoder::ColumnsToRead(const DocumentOptions&) {
  return std::vector<std::string>();
}

Result<std::optional<Expression>> DocumentEncoder::Filter(const DocumentOptions&) {
  return std::optional<Expression>();
}

}  // namespace spillway
