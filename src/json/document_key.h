// The key of a document: its identity hash, and the one text form of its partition key, whichever
// side wrote it.
#ifndef SPILLWAY_JSON_DOCUMENT_KEY_H_
#define SPILLWAY_JSON_DOCUMENT_KEY_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace spillway {

// Stands between partition key and id where they are hashed together; never part of the first,
// which is JSON text.
inline constexpr char kKeySeparator = '\x1f';

// What Document::identity holds: equal keys, equal hash. `partition_key` as
// Document::partition_key.
Hash128 DocumentIdentity(std::string_view partition_key, std::string_view id);

// The partition key as an encoder for a store of doubles writes it: numbers as ECMAScript prints
// them, strings with the fewest escapes, no spaces, {} for an absent value. Fails with kDataLoss
// when it is not a JSON array of scalars and empty objects.
Result<std::string> CanonicalPartitionKey(std::string_view json_array);
// The same in place of what is in `out`, whose memory is used again.
Status CanonicalPartitionKey(std::string_view json_array, std::string* out);

// How the numbers of a partition key are written.
enum class NumberForm : uint8_t {
  kAsWritten,  // a destination that keeps numbers as they came
  kDouble,     // one that makes doubles of them: as CanonicalPartitionKey
};

// Reads the keys of stored documents. Used by one thread; keeps its memory between documents.
class DocumentKeyReader {
 public:
  // Fails with kInvalidArgument when a path is not like "/a/b".
  static Result<DocumentKeyReader> Make(std::span<const std::string> paths, NumberForm form);
  DocumentKeyReader(DocumentKeyReader&&) noexcept;
  DocumentKeyReader& operator=(DocumentKeyReader&&) noexcept;
  ~DocumentKeyReader();

  // Sets the partition key as Document::partition_key ({} where the document lacks a path) and the
  // id. Fails with kDataLoss when `json` is no object, has no string `id`, or has an object or an
  // array where a key should be.
  Status Read(std::string_view json, std::string* partition_key, std::string* id);

 private:
  struct Parts;
  explicit DocumentKeyReader(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The partition key of one document, numbers as doubles.
Result<std::string> PartitionKeyOf(std::string_view json_document,
                                   std::span<const std::string> paths);

// The names of a partition key path: "/a/b" is a, b; "/\"a/b\"/c" is a/b, c. Fails with
// kInvalidArgument.
Result<std::vector<std::string>> ParsePartitionKeyPath(std::string_view path);

}  // namespace spillway

#endif  // SPILLWAY_JSON_DOCUMENT_KEY_H_
