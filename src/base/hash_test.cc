#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>

#include "base/load_bytes.h"

namespace spillway {
namespace {

// The encoded forms and results are published partition-hash vectors: a type byte, the value, and a
// suffix (00 for the 32-bit hash, FF for the 128-bit one).
TEST(Murmur3, TheThirtyTwoBitHashMatchesPublishedVectors) {
  EXPECT_EQ(Murmur3x86_32(std::string_view("\x08\x00", 2)), 0x3CCCB0FFu);
  EXPECT_EQ(Murmur3x86_32(std::string_view("\x00", 1)), 0x514E28B7u);
  EXPECT_EQ(Murmur3x86_32(std::string_view("\x01", 1)), 0xE45AD1ABu);
  EXPECT_EQ(Murmur3x86_32(std::string_view("\x08"
                                           "asdf\x00",
                                           6)),
            0xB02BABC2u);
}

// Little-endian h1 then h2, bytes reversed, reads as h2 then h1 in big-endian order.
TEST(Murmur3, TheHundredAndTwentyEightBitHashMatchesPublishedVectors) {
  const Hash128 hash =
      Murmur3x64_128(std::string_view("\x08"
                                      "asdf\xff",
                                      6));
  EXPECT_EQ(hash.low, 0x608BF1D598F5B63AULL);
  EXPECT_EQ(hash.high, 0xD5520F04FE58C5E8ULL);
  const Hash128 path = Murmur3x64_128(std::string_view("\x08/path1\xff", 8));
  EXPECT_EQ(path.low, 0xB499FD5198AE0F1EULL);
  EXPECT_EQ(path.high, 0xB6B77F6E428D2FF0ULL);
}

// The last bytes of a text are read in words that overlap.
TEST(LoadUpToEight, IsLittleEndianWithZerosBehind) {
  const std::string bytes = "\x01\x82\x03\x84\x05\x86\x07\x88";
  uint64_t expected = 0;
  for (size_t size = 0; size <= 8; ++size) {
    if (size > 0) expected |= uint64_t{static_cast<uint8_t>(bytes[size - 1])} << (8 * (size - 1));
    EXPECT_EQ(LoadUpToEight(bytes.substr(0, size).data(), size), expected) << size;
  }
}

TEST(Murmur3, EveryLengthOfTheLastBlockCounts) {
  const std::string text(33, 'x');
  for (size_t size = 1; size <= text.size(); ++size) {
    EXPECT_NE(Murmur3x64_128(std::string_view(text).substr(0, size)),
              Murmur3x64_128(std::string_view(text).substr(0, size - 1)));
  }
}

}  // namespace
}  // namespace spillway
