#include "sketches/heavy_hitters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>

namespace spillway {
namespace {

constexpr uint32_t kKeys = 64;

struct Stream {
  explicit Stream(uint32_t keys = kKeys) : hitters(keys, 16) {}
  void Add(const std::string& name, double weight) {
    hitters.Add(Murmur3x64_128(name), name, weight, 1);
    truth[name] += weight;
  }
  HeavyHitters hitters;
  std::map<std::string, double> truth;
};

TEST(HeavyHitters, IsExactWhileEveryKeyFits) {
  Stream stream;
  for (int round = 0; round < 10; ++round) {
    for (uint32_t key = 0; key < 2 * kKeys; ++key) stream.Add("k" + std::to_string(key), key + 1);
  }
  EXPECT_EQ(stream.hitters.error(), 0);
  EXPECT_EQ(stream.hitters.size(), 2 * kKeys);
  const auto heaviest = stream.hitters.Heaviest(2);
  ASSERT_EQ(heaviest.size(), 2u);
  EXPECT_EQ(heaviest[0].name, "k127");
  EXPECT_EQ(heaviest[0].weight, 10 * 128);
  EXPECT_EQ(heaviest[0].side, 10);
  EXPECT_EQ(heaviest[1].name, "k126");
}

TEST(HeavyHitters, NamesOnlyWhatIsThere) {
  EXPECT_TRUE(HeavyHitters(4, 16).Heaviest(10).empty());
}

TEST(HeavyHitters, CutsLongNamesAndTellsTheirKeysApart) {
  Stream stream;
  stream.Add(std::string(100, 'a') + "1", 1);
  stream.Add(std::string(100, 'a') + "2", 2);
  const auto heaviest = stream.hitters.Heaviest(5);
  ASSERT_EQ(heaviest.size(), 2u);
  EXPECT_EQ(heaviest[0].name, std::string(16, 'a'));
  EXPECT_EQ(heaviest[0].weight, 2);
}

// Zipf's law over far more keys than fit, in an order that the seed decides.
TEST(HeavyHitters, KeepsItsBoundsOverSkewedStreams) {
  for (const uint64_t seed : {1, 2, 3}) {
    Stream stream;
    std::mt19937_64 random(seed);
    for (int i = 0; i < 200'000; ++i) {
      const double u = static_cast<double>(random() >> 11) * 0x1p-53;
      const auto key = static_cast<uint64_t>(std::exp(u * std::log(20'000.0)));
      stream.Add("k" + std::to_string(key), 1 + static_cast<double>(random() % 9));
    }
    const HeavyHitters& hitters = stream.hitters;
    EXPECT_GT(hitters.error(), 0);
    EXPECT_LE(hitters.error(), hitters.total() / kKeys);
    EXPECT_LE(hitters.size(), 2 * kKeys);
    std::map<std::string, double> told;
    for (const HeavyKey& key : hitters.Heaviest(2 * kKeys)) told[key.name] = key.weight;
    for (const auto& [name, weight] : stream.truth) {
      const double lower = told.contains(name) ? told[name] : 0;
      ASSERT_LE(lower, weight) << name << ", seed " << seed;
      ASSERT_LE(weight, lower + hitters.error()) << name << ", seed " << seed;
    }
    EXPECT_EQ(hitters.Heaviest(1)[0].name, "k1");
  }
}

TEST(HeavyHitters, FindsAHeavyKeyThatComesLast) {
  Stream stream;
  for (int i = 0; i < 10'000; ++i) stream.Add("k" + std::to_string(i), 1);
  for (int i = 0; i < 2'000; ++i) stream.Add("late", 1);
  const auto heaviest = stream.hitters.Heaviest(1);
  ASSERT_EQ(heaviest.size(), 1u);
  EXPECT_EQ(heaviest[0].name, "late");
  EXPECT_GE(heaviest[0].weight + stream.hitters.error(), 2'000);
}

// All alike: nothing may look heavier than the bound says.
TEST(HeavyHitters, SaysLittleOfKeysThatComeOnce) {
  Stream stream;
  for (int i = 0; i < 100'000; ++i) stream.Add("k" + std::to_string(i), 1);
  EXPECT_LE(stream.hitters.error(), 100'000.0 / kKeys);
  for (const HeavyKey& key : stream.hitters.Heaviest(3)) EXPECT_LE(key.weight, 1);
}

}  // namespace
}  // namespace spillway
