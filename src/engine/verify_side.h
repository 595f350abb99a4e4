// One side of a verification, reduced to what can be compared: per document an identity, a hash of
// its canonical JSON, and where to find it again. Sorted by identity in bounded memory.
#ifndef SPILLWAY_ENGINE_VERIFY_SIDE_H_
#define SPILLWAY_ENGINE_VERIFY_SIDE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connector/destination.h"
#include "connector/source.h"
#include "engine/budget.h"
#include "engine/external_sort.h"
#include "engine/run_stop.h"
#include "engine/spill_file.h"
#include "transforms/document_encoder.h"
#include "transforms/document_options.h"

namespace spillway {

struct VerifyRecord {
  Hash128 identity;
  Hash128 content;
  uint64_t place = 0;  // source: split, row and kIsDocument; destination: offset of its key in the
                       // key file, and kMarked

  bool operator<(const VerifyRecord& other) const {
    return identity != other.identity ? identity < other.identity : place < other.place;
  }
};

// Part of a destination's VerifyRecord::place: the document is marked as one whose row is gone.
inline constexpr uint64_t kMarked = uint64_t{1} << 63;
// Part of a source's VerifyRecord::place: the row is a document. Without it the mapping refuses the
// row, which has a key all the same.
inline constexpr uint64_t kIsDocument = uint64_t{1} << 63;

// Where the records of a side go while it is read. Thread-safe.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // `others`: of them that are no documents.
  virtual Status Add(const std::vector<VerifyRecord>& records, uint64_t others) = 0;
};

// Thread-safe while it is filled; then used by one thread.
class VerifySide : public RecordSink {
 public:
  VerifySide(const std::string& spill_path, uint64_t memory_bytes_max)
      : sort_(spill_path, memory_bytes_max) {}

  Status Add(const std::vector<VerifyRecord>& records, uint64_t others) override;
  uint64_t documents() const { return documents_; }

  Status StartReading() { return sort_.StartReading(); }
  // The next identity; of several records, the last: a document before a refused row. Counts the
  // others in duplicates().
  Result<std::optional<VerifyRecord>> Next();
  uint64_t duplicates() const { return duplicates_; }

 private:
  std::mutex mutex_;
  ExternalSort<VerifyRecord> sort_;
  std::atomic<uint64_t> documents_{0};
  std::optional<VerifyRecord> ahead_;
  uint64_t duplicates_ = 0;
};

// Where a source row stands, as VerifyRecord::place, with kIsDocument or without it.
uint64_t PackPlace(uint32_t split, uint64_t row);
uint32_t SplitOf(uint64_t place);
uint64_t RowOf(uint64_t place);

// More than a split has.
inline constexpr uint64_t kAllRows = uint64_t{1} << 52;

// Some live rows of a split, or all that it has.
struct SplitRows {
  uint32_t split = 0;
  uint64_t first = 0;
  uint64_t count = kAllRows;
};

// Reads a split, maps it, and adds its documents, and the refused rows whose key is known.
// `rejected` grows by the rows that the mapping refuses; what the reader holds is taken from
// `reading`.
Status AddSplit(const Snapshot& snapshot, const DocumentEncoder& encoder, const SplitRows& rows,
                std::span<const std::string> ignored_fields, Budget& reading, RecordSink& side,
                std::atomic<uint64_t>& rejected, const CallContext& ctx);

// Where the keys of the destination's documents go while it is read. Thread-safe.
class KeySink {
 public:
  virtual ~KeySink() = default;
  // The offsets of the keys, in their order.
  virtual Result<std::vector<uint64_t>> Append(std::span<const StoredDocument> documents) = 0;
};

// Adds keys as a KeyFile has them to `bytes`; their places there.
std::vector<uint64_t> AppendKeys(std::span<const StoredDocument> documents, std::string& bytes);

// The keys of the destination's documents, so that one that the source lacks can be named.
// Thread-safe while it is filled.
class KeyFile : public KeySink {
 public:
  static Result<std::unique_ptr<KeyFile>> Create(const std::string& path);
  struct Key {
    std::string partition_key;
    std::string id;
  };
  Result<std::vector<uint64_t>> Append(std::span<const StoredDocument> documents) override;
  // What AppendKeys made; the offset of its begin.
  Result<uint64_t> AppendBytes(std::string_view bytes);
  // `place`: an offset, with or without kMarked.
  Result<Key> Read(uint64_t place) const;

 private:
  explicit KeyFile(std::unique_ptr<SpillFile> file) : file_(std::move(file)) {}
  std::mutex mutex_;
  const std::unique_ptr<SpillFile> file_;
};

// Reads one of the destination's readers to its end. Documents with the mark of `soft_delete` are
// told from the others.
Status AddDocuments(DocumentReader& reader, std::span<const std::string> ignored_fields,
                    const std::optional<SoftDelete>& soft_delete, RecordSink& side, KeySink& keys,
                    const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_VERIFY_SIDE_H_
