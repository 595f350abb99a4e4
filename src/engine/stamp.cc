#include "engine/stamp.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

#include "base/json_writer.h"

namespace spillway {
namespace {

class StampingWriter : public Writer {
 public:
  StampingWriter(std::unique_ptr<Writer> writer, const Stamp& stamp)
      : writer_(std::move(writer)),
        member_(fmt::format("{}:{}}}", JsonQuoted(stamp.field), JsonQuoted(stamp.value))) {}

  Result<WriteReport> Write(std::span<const Document> documents, const CallContext& ctx) override {
    bodies_.clear();
    stamped_.assign(documents.begin(), documents.end());
    size_t bytes = 0;
    for (const Document& document : documents) bytes += document.body.size() + member_.size() + 1;
    bodies_.reserve(bytes);  // the views must not move
    for (Document& document : stamped_) {
      if (document.intent != Intent::kUpsert || document.body.size() < kEmptyObject.size())
        continue;
      const size_t first = bodies_.size();
      bodies_.append(document.body.substr(0, document.body.size() - 1));
      if (document.body != kEmptyObject) bodies_.push_back(',');
      bodies_.append(member_);
      document.body = std::string_view(bodies_).substr(first);
    }
    return writer_->Write(stamped_, ctx);
  }

 private:
  static constexpr std::string_view kEmptyObject = "{}";

  const std::unique_ptr<Writer> writer_;
  const std::string member_;  // with the brace that ends the document
  std::string bodies_;        // of one Write
  std::vector<Document> stamped_;
};

}  // namespace

Stamp StampOf(const DocumentOptions& documents, std::string_view pipeline, int64_t run_id) {
  if (documents.stamp_field.empty()) return {};
  return {documents.stamp_field, fmt::format("{}/{}", pipeline, run_id)};
}

int64_t RunOfStamp(std::string_view value, std::string_view pipeline) {
  if (!value.starts_with(pipeline)) return 0;
  value.remove_prefix(pipeline.size());
  if (!value.starts_with('/')) return 0;
  value.remove_prefix(1);
  int64_t run = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), run);
  return error == std::errc() && end == value.data() + value.size() ? run : 0;
}

std::unique_ptr<Writer> WithStamp(std::unique_ptr<Writer> writer, const Stamp& stamp) {
  if (stamp.field.empty()) return writer;
  return std::make_unique<StampingWriter>(std::move(writer), stamp);
}

}  // namespace spillway
