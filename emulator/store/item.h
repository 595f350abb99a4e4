// Item: one stored document.
#ifndef SPILLWAY_EMULATOR_STORE_ITEM_H_
#define SPILLWAY_EMULATOR_STORE_ITEM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::emulator {

struct Item {
  std::string key;          // effective partition key, then id
  std::string body;         // the user's JSON object without its closing brace
  uint64_t sequence = 0;    // of creation, unique in the container: the item's rid
  uint64_t lsn = 0;         // of the last write, rising in the partition
  uint64_t version = 0;     // of the last write, unique in the account: the etag
  uint32_t timestamp = 0;   // of the last write, seconds since 1970
  uint32_t expires_at = 0;  // seconds since 1970; 0: never
  int32_t ttl_seconds = 0;  // the document's own `ttl`; 0: it has none
  uint32_t epk_bytes = 0;
  uint32_t properties = 0;  // at the top, for the charge

  std::string_view epk() const { return std::string_view(key).substr(0, epk_bytes); }
  std::string_view id() const { return std::string_view(key).substr(epk_bytes); }
  bool ExpiredAt(uint32_t now) const { return expires_at != 0 && expires_at <= now; }
};

// When a document expires: by its own `ttl` (0: it has none), else by the container's default;
// without a default nothing does. 0: never.
uint32_t ExpiryOf(uint32_t written_at, int32_t ttl_seconds,
                  const std::optional<int64_t>& default_ttl_seconds);

// Quoted, as in headers and documents.
std::string EtagText(uint64_t version, uint32_t timestamp);

// The document as a client sees it: the user's properties, then the service's.
// `container_rid` is binary; `container_self` is "dbs/…/colls/…/".
void AppendDocument(const Item& item, std::string_view container_rid,
                    std::string_view container_self, std::string* out);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_ITEM_H_
