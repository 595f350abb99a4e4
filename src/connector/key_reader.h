// KeyReader: documents read by their keys, several at a time.
#ifndef SPILLWAY_CONNECTOR_KEY_READER_H_
#define SPILLWAY_CONNECTOR_KEY_READER_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"

namespace spillway {

struct DocumentKey {
  std::string_view partition_key;  // JSON array, as Document::partition_key
  std::string_view id;
};

// Used by one thread at a time.
class KeyReader {
 public:
  virtual ~KeyReader() = default;
  // Blocks. One body per key, nullopt where there is no document. Waits and tries again by itself
  // while the destination is busy, as the other readers do. REQUIRES: keys.size() <= keys_max().
  virtual Result<std::vector<std::optional<std::string>>> Read(std::span<const DocumentKey> keys,
                                                               const CallContext& ctx) = 0;
  virtual size_t keys_max() const = 0;
  // What the reads so far cost, in the unit of WriteReport::cost; 0 where reading costs nothing.
  virtual double cost() const { return 0; }
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_KEY_READER_H_
