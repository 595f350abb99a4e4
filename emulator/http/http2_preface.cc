#include "emulator/http/http2_preface.h"

#include <cstdint>

namespace spillway::emulator {
namespace {

// Section 4.1: 24 bits of length, 8 of type, 8 of flags, 32 of stream.
constexpr size_t kFrameHeadBytes = 9;
constexpr size_t kTypeAt = 3;
constexpr uint8_t kHeadersType = 1;

}  // namespace

bool HoldsHttp2Request(std::string_view bytes) {
  if (!bytes.starts_with(kHttp2Preface)) return false;
  bytes.remove_prefix(kHttp2Preface.size());
  while (bytes.size() >= kFrameHeadBytes) {
    const auto byte = [&](size_t at) { return static_cast<uint8_t>(bytes[at]); };
    if (byte(kTypeAt) == kHeadersType) return true;
    const size_t size =
        kFrameHeadBytes + (size_t{byte(0)} << 16 | size_t{byte(1)} << 8 | size_t{byte(2)});
    if (bytes.size() < size) return false;
    bytes.remove_prefix(size);
  }
  return false;
}

}  // namespace spillway::emulator
