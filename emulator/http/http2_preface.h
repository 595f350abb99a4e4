// Http2Preface: what an HTTP/2 client says before it learns that HTTP/1.1 is spoken here (RFC
// 9113). Its request has to have come before it is told: a connection that ends earlier looks
// broken to clients, and they do not try again with HTTP/1.1.
#ifndef SPILLWAY_EMULATOR_HTTP_HTTP2_PREFACE_H_
#define SPILLWAY_EMULATOR_HTTP_HTTP2_PREFACE_H_

#include <cstddef>
#include <string_view>

namespace spillway::emulator {

// Section 3.4.
inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// As much of it as HTTP/1.1 takes for a line.
inline constexpr std::string_view kHttp2PrefaceLine = kHttp2Preface.substr(0, 16);
// An empty SETTINGS frame (section 6.5).
inline constexpr std::string_view kHttp2Settings{"\0\0\0\x04\0\0\0\0\0", 9};
// GOAWAY (section 6.8): no stream was processed, HTTP_1_1_REQUIRED (section 7).
inline constexpr std::string_view kHttp2GoAway{"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d", 17};

// Whether `bytes`, everything since the connection began, hold the begin of a request: a HEADERS
// frame behind the preface. Bytes that are no HTTP/2 hold none.
bool HoldsHttp2Request(std::string_view bytes);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_HTTP_HTTP2_PREFACE_H_
