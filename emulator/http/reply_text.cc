#include "emulator/http/reply_text.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace spillway::emulator {

bool HeadersFit(const Reply& reply) {
  return std::all_of(reply.headers.begin(), reply.headers.end(), [](const auto& header) {
    return header.second.size() <= kReplyHeaderBytesMax;
  });
}

bool HasBody(const Reply& reply) {
  return reply.status != 204 && reply.status != 304;
}

void WriteHead(const Reply& reply, std::string_view reason, bool keep_alive, std::string* text) {
  text->clear();
  const auto out = std::back_inserter(*text);
  fmt::format_to(out, FMT_COMPILE("HTTP/1.1 {} {}\r\n"), reply.status, reason);
  if (!keep_alive) text->append("Connection: close\r\n");
  for (const auto& [name, value] : reply.headers) {
    text->append(name).append(": ").append(value).append("\r\n");
  }
  if (HasBody(reply)) {
    fmt::format_to(out, FMT_COMPILE("Content-Type: application/json\r\nContent-Length: {}\r\n"),
                   reply.body.size());
  }
  text->append("\r\n");
}

}  // namespace spillway::emulator
