// A reply as HTTP/1.1 writes it.
#ifndef SPILLWAY_EMULATOR_HTTP_REPLY_TEXT_H_
#define SPILLWAY_EMULATOR_HTTP_REPLY_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "emulator/service/http_message.h"

namespace spillway::emulator {

// What a header's value may measure; clients refuse more.
inline constexpr size_t kReplyHeaderBytesMax = 64 * 1024;

bool HeadersFit(const Reply& reply);

// Whether a reply of this status has a body at all (RFC 9110, sections 15.3.5 and 15.4.5).
bool HasBody(const Reply& reply);

// The status line, the headers and the empty line, in place of what was in `text`.
void WriteHead(const Reply& reply, std::string_view reason, bool keep_alive, std::string* text);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_HTTP_REPLY_TEXT_H_
