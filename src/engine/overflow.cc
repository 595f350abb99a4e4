#include "engine/overflow.h"

#include <cstring>
#include <numeric>
#include <utility>

#include "base/check.h"

namespace spillway {
namespace {

// A document in the file: this, and then the bytes of its four texts.
struct Head {
  Hash128 identity;
  Hash128 route;
  uint32_t row = 0;
  uint32_t body_bytes = 0;
  uint32_t id_bytes = 0;
  uint32_t partition_key_bytes = 0;
  uint32_t etag_bytes = 0;
  Intent intent = Intent::kUpsert;
};

void Write(const Document& document, std::string& bytes) {
  Head head;
  head.identity = document.identity;
  head.route = document.route;
  head.row = document.row;
  head.body_bytes = static_cast<uint32_t>(document.body.size());
  head.id_bytes = static_cast<uint32_t>(document.id.size());
  head.partition_key_bytes = static_cast<uint32_t>(document.partition_key.size());
  head.etag_bytes = static_cast<uint32_t>(document.etag.size());
  head.intent = document.intent;
  bytes.append(reinterpret_cast<const char*>(&head), sizeof(head));
  bytes.append(document.body).append(document.id);
  bytes.append(document.partition_key).append(document.etag);
}

// The next document of `left`, which loses it. What was written by Write is whole: the file is
// private to this process.
Document ReadNext(std::string_view& left) {
  Head head;
  SPILLWAY_CHECK(left.size() >= sizeof(head));
  std::memcpy(&head, left.data(), sizeof(head));
  left.remove_prefix(sizeof(head));
  const auto text = [&left](uint32_t bytes) {
    SPILLWAY_CHECK(left.size() >= bytes);
    const std::string_view taken = left.substr(0, bytes);
    left.remove_prefix(bytes);
    return taken;
  };
  Document document;
  document.intent = head.intent;
  document.body = text(head.body_bytes);
  document.id = text(head.id_bytes);
  document.partition_key = text(head.partition_key_bytes);
  document.etag = text(head.etag_bytes);
  document.identity = head.identity;
  document.route = head.route;
  document.row = head.row;
  return document;
}

}  // namespace

Overflow::Overflow(std::string path, uint32_t lanes, OpenBatches& batches)
    : path_(std::move(path)), batches_(batches), lanes_(lanes), waiting_(lanes) {}

Status Overflow::Put(uint32_t lane, const EncodedBatch& of,
                     std::span<const Document* const> documents,
                     std::shared_ptr<BatchParts> parts) {
  std::string bytes;
  for (const Document* document : documents) Write(*document, bytes);
  Waiting waiting{.bytes = bytes.size(),
                  .documents = static_cast<uint32_t>(documents.size()),
                  .split = of.split,
                  .first_row = of.first_row,
                  .parts = std::move(parts)};
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(Append(bytes, waiting.offset));
  ++on_disk_;
  documents_ += waiting.documents;
  lanes_[lane].push_back(std::move(waiting));
  ++waiting_[lane];
  return Status::Ok();
}

Status Overflow::Append(const std::string& bytes, uint64_t& offset) {
  if (file_ == nullptr) {
    ASSIGN_OR_RETURN(file_, SpillFile::CreateTemporary(path_));
  }
  offset = file_->size();
  return file_->Append(bytes.data(), bytes.size());
}

Result<BatchInFlight*> Overflow::Take(uint32_t lane) {
  Waiting waiting;
  {
    std::lock_guard lock(mutex_);
    if (lanes_[lane].empty()) return static_cast<BatchInFlight*>(nullptr);
    waiting = std::move(lanes_[lane].front());
    lanes_[lane].pop_front();
  }
  Result<std::shared_ptr<EncodedBatch>> encoded = Read(waiting);
  Forget(waiting);
  --waiting_[lane];
  RETURN_IF_ERROR(encoded.status());
  BatchInFlight& batch = batches_.Open(*std::move(encoded), {}, std::move(waiting.parts));
  batch.order().resize(waiting.documents);
  std::iota(batch.order().begin(), batch.order().end(), 0u);
  return &batch;
}

// Not under the lock: the place in the file stays as it is until it is forgotten.
Result<std::shared_ptr<EncodedBatch>> Overflow::Read(const Waiting& waiting) {
  auto encoded = std::make_shared<EncodedBatch>();
  encoded->split = waiting.split;
  encoded->first_row = waiting.first_row;
  encoded->bytes.resize(waiting.bytes);
  RETURN_IF_ERROR(file_->ReadAt(waiting.offset, encoded->bytes.data(), waiting.bytes));
  std::string_view left = encoded->bytes;
  encoded->documents.reserve(waiting.documents);
  while (!left.empty()) encoded->documents.push_back(ReadNext(left));
  return encoded;
}

// An empty file begins anew.
void Overflow::Forget(const Waiting& waiting) {
  documents_ -= waiting.documents;
  std::lock_guard lock(mutex_);
  if (--on_disk_ > 0) return;
  (void)file_->Truncate(0);  // where that fails, it goes on growing
}

}  // namespace spillway
