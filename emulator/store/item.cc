#include "emulator/store/item.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "emulator/store/rid.h"

namespace spillway::emulator {

uint32_t ExpiryOf(uint32_t written_at, int32_t ttl_seconds,
                  const std::optional<int64_t>& default_ttl_seconds) {
  if (!default_ttl_seconds) return 0;
  const int64_t seconds = ttl_seconds != 0 ? ttl_seconds : *default_ttl_seconds;
  if (seconds < 0) return 0;
  return static_cast<uint32_t>(std::min<int64_t>(int64_t{written_at} + seconds, UINT32_MAX));
}

// Looks like the service's, and is opaque to clients.
std::string EtagText(uint64_t version, uint32_t timestamp) {
  return fmt::format("\"{:08x}-{:04x}-0000-0000-{:08x}0000\"", static_cast<uint32_t>(version),
                     static_cast<uint16_t>(version >> 32), timestamp);
}

void AppendDocument(const Item& item, std::string_view container_rid,
                    std::string_view container_self, std::string* out) {
  const std::string rid = RidText(ItemRid(container_rid, item.sequence));
  const std::string etag = EtagText(item.version, item.timestamp);
  out->append(item.body);
  if (item.body.size() > 1) out->push_back(',');
  out->append("\"_rid\":\"").append(rid).append("\",\"_self\":\"").append(container_self);
  out->append("docs/").append(rid).append("/\",\"_etag\":\"\\");
  out->append(etag, 0, etag.size() - 1).append("\\\"\",\"_attachments\":\"attachments/\",\"_ts\":");
  fmt::format_to(std::back_inserter(*out), "{}}}", item.timestamp);
}

}  // namespace spillway::emulator
