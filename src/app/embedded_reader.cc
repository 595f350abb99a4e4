#include "app/embedded_reader.h"

#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "connector/place_reading.h"

namespace spillway {
namespace {

constexpr uint64_t kBatchBytesMax = 4 << 20;

// Of a query, whose results have no key, the text says which one it is.
constexpr size_t kResultShownMax = 200;

std::string NameOf(const StoredDocument& document) {
  if (!document.partition_key.empty()) {
    return fmt::format("document {} {}", document.partition_key, document.id);
  }
  return fmt::format("result {}", document.body.substr(0, kResultShownMax));
}

Status InDocument(Status status, const StoredDocument& document) {
  if (!document.body.starts_with('{')) {
    return InvalidArgument(fmt::format("{} of the query is no object", NameOf(document)))
        .WithHint("select names: `SELECT c.a AS a FROM c` in place of `SELECT VALUE c.a FROM c`");
  }
  std::string message = fmt::format("{}: {}", NameOf(document), status.message());
  if (status.code() != StatusCode::kInvalidArgument) return DataLoss(std::move(message));
  return InvalidArgument(std::move(message))
      .WithHint("read the column as a string, or ask for null in place of what does not fit");
}

}  // namespace

Result<std::unique_ptr<EmbeddedReader>> EmbeddedReader::Open(EmbeddedConfig config,
                                                             const ArrowSchema& schema,
                                                             const CallContext& ctx) {
  std::unique_ptr<EmbeddedReader> reader(new EmbeddedReader());
  ASSIGN_OR_RETURN(reader->columns_, DocumentColumns::Make(schema, config.read.columns));
  ASSIGN_OR_RETURN(reader->destination_, OpenForReading(config, ctx));
  const ThroughputLimit& limit = config.session.throughput.limit;
  if (limit.is_set()) {
    ASSIGN_OR_RETURN(reader->pace_,
                     ReadPace::Make(*reader->destination_, SystemClock(), limit, ctx));
  }
  reader->rows_max_ = config.read.batch_rows_max;
  RETURN_IF_ERROR(reader->OpenReaders(config.read, ctx));
  return reader;
}

Status EmbeddedReader::OpenReaders(const ReadOptions& options, const CallContext& ctx) {
  const ReadPart& part = options.part;
  auto* places = dynamic_cast<PlaceReading*>(destination_.get());
  std::unique_ptr<DocumentReader> of_part;
  if (!options.query.empty()) {
    ASSIGN_OR_RETURN(of_part, OpenQuery(*destination_, options, ctx));
  } else if (places != nullptr && !part.is_whole()) {
    ASSIGN_OR_RETURN(of_part, places->OpenReaderOfPart(part.from, part.to, ctx));
  }
  if (of_part != nullptr) {
    readers_.push_back(std::move(of_part));
  } else if (part.is_whole()) {
    ASSIGN_OR_RETURN(readers_, destination_->OpenReaders(ctx));
  } else {
    return Unsupported("this container can be read as a whole only").WithHint("read one part");
  }
  for (const auto& reader : readers_) paced_.emplace_back(*reader, pace_.get());
  return Status::Ok();
}

Result<bool> EmbeddedReader::NextPage(const CallContext& ctx) {
  while (at_ < paced_.size()) {
    ASSIGN_OR_RETURN(page_, paced_[at_].NextPage(ctx));
    if (!page_.empty()) return true;
    ++at_;
  }
  return false;
}

Status EmbeddedReader::AppendPage() {
  size_t taken = 0;
  while (taken < page_.size() && columns_->rows() < rows_max_ &&
         columns_->bytes() < kBatchBytesMax) {
    const StoredDocument& document = page_[taken];
    Status appended = columns_->Append(document.body);
    if (!appended.ok()) return InDocument(std::move(appended), document);
    ++taken;
  }
  documents_ += taken;
  page_ = page_.subspan(taken);
  return Status::Ok();
}

Result<OwnedArray> EmbeddedReader::Next(const CallContext& ctx) {
  for (;;) {
    RETURN_IF_ERROR(AppendPage());
    if (!page_.empty()) return columns_->Take();
    ASSIGN_OR_RETURN(const bool more, NextPage(ctx));
    if (more) continue;
    return columns_->rows() > 0 ? columns_->Take() : OwnedArray();
  }
}

ReadSummary EmbeddedReader::summary() const {
  ReadSummary summary{.documents = documents_, .misfits = columns_->misfits()};
  for (const auto& reader : readers_) summary.cost += reader->cost();
  return summary;
}

}  // namespace spillway
