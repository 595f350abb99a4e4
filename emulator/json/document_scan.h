// DocumentScan: the one pass over an incoming document: checks the JSON completely, picks out what
// the server needs (id, partition and unique key values, ttl, the number of properties), and says
// which bytes to store. The hot path of every write.
#ifndef SPILLWAY_EMULATOR_JSON_DOCUMENT_SCAN_H_
#define SPILLWAY_EMULATOR_JSON_DOCUMENT_SCAN_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "destinations/cosmosdb/partition_hash.h"

namespace spillway::emulator {

// "/a/b" or `/"a b"/c` as its names. Fails with kInvalidArgument on anything else.
Result<std::vector<std::string>> ParsePropertyPath(std::string_view path);

// Buffers that parsing needs beyond the text; callers keep this many readable bytes behind a body.
inline constexpr size_t kJsonPaddingBytes = 64;

// A scalar found at a watched path. Objects and arrays are told apart from an absent property
// because the service refuses them as partition keys.
struct CompositeValue {};
using ScannedValue = std::variant<cosmosdb::UndefinedKey, cosmosdb::NullKey, bool, double,
                                  std::string, CompositeValue>;

struct ScannedDocument {
  // The object's text without its closing brace, without system properties, and with numbers that a
  // double cannot hold rewritten as the double: ready for system properties to be appended.
  std::string body;
  std::optional<std::string> id;  // absent, or not a string: see id_is_string
  bool id_is_string = true;
  bool has_ttl = false;
  double ttl_seconds = 0;             // NaN when `ttl` is not a number
  std::vector<ScannedValue> watched;  // one for each watched path
  uint32_t properties = 0;            // at the top, for the charge
};

class DocumentScanner {
 public:
  // `watched_paths`: partition key paths, then unique key paths, each as its names.
  explicit DocumentScanner(const std::vector<std::vector<std::string>>& watched_paths);

  // REQUIRES: kJsonPaddingBytes readable bytes behind `text`. Thread-safe. Fails with
  // kInvalidArgument.
  Result<ScannedDocument> Scan(std::string_view text) const;

  // The watched paths as a tree of names.
  struct Node {
    std::string name;
    std::vector<size_t> watched;  // indexes of the paths that end here
    std::vector<Node> children;
  };

 private:
  Node root_;
  size_t watched_count_;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_JSON_DOCUMENT_SCAN_H_
