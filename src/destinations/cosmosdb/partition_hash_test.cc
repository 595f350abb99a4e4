#include "destinations/cosmosdb/partition_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/hash.h"

namespace spillway::cosmosdb {
namespace {

using std::literals::operator""sv;

std::string Repeat(std::string_view text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

// Vectors keep views, so the longest string lives for the whole test.
std::string_view RepeatedA(size_t count) {
  static const std::string all(1024, 'a');
  return std::string_view(all).substr(0, count);
}

struct Vector {
  KeyComponent value;
  std::string v1_hex;  // empty: not published
  std::string v2_hex;
};

// Published by the SDKs, or produced with the JavaScript SDK's functions and confirmed by an
// independent implementation.
std::vector<Vector> SingleValueVectors() {
  return {
      {""sv, "05C1CF33970FF80800", "32E9366E637A71B4E710384B2F4970A0"},
      {"a"sv, "05C1D78593652C086200", "3A5381E1114EB8D3FCC90795045B49B7"},
      {"partitionKey"sv, "05C1E1B3D9CD2608716273756A756A706F4C667A00",
       "013AEFCF77FA271571CF665A58C933F1"},
      {"redmond"sv, "05C1EFE313830C087366656E706F6500", "22E342F38A486A088463DFF7838A5963"},
      {"tenant1"sv, "05C1E14DE3774A0875666F626F753200", "0DAE0B8467B011E957BC0B8B0DEB5ACA"},
      {"tenant2"sv, "05C1EF7D410DA80875666F626F753300", "21764ED8B33C83B276DED38EA17F6CB4"},
      {"user-42"sv, "05C1E53107EBE008767466732E353300", "0756B433488293350E1E1D7190F4D1C4"},
      {"12345"sv, "05C187371FC208323334353600", "2165193FE34BC9DC0BB70BFEC6AEE536"},
      {"2024-01-31"sv, "05C1EB9BF739D408333133352E31322E343200",
       "3F73D243623347D8ACC8D7DC9B41E090"},
      {"äöü€😀"sv, "05C1EB2FB3AF7008C4A5C4B7C4BDE383ADF1A0998100",
       "07B48AD62E35ECA7782593925A283539"},
      {"İstanbul"sv, "05C1D1C7CB4D1C08C5B17475626F63766D00", "32A3A0AE06096D0F42952CF572ADE158"},
      {"line\nbreak"sv, "05C1DF072D3990086D6A6F660B637366626C00",
       "1F63470425EBFAB1E19A90F4E2DA7241"},
      {"00000000-0000-0000-0000-000000000000"sv,
       "05C1E195B77B640831313131313131312E313131312E313131312E313131312E31313131313131313131313100",
       "1E0515BD70CC3095E28D1377CCDC9DB1"},
      {RepeatedA(99), std::string("05C1E9CD098BB208") + Repeat("62", 99) + "00",
       "3C02F609961C32AAC2B912B940D1209A"},
      {RepeatedA(100), std::string("05C1EB5921F70608") + Repeat("62", 100) + "00",
       "0DBD7D229437BB665DE6417747994D57"},
      {RepeatedA(101), std::string("05C1EB5921F70608") + Repeat("62", 100) + "00",
       "08042541D30C8BF90D7092B1519AE0BC"},
      {RepeatedA(1024), std::string("05C1EB5921F70608") + Repeat("62", 100) + "00",
       "332BDF5512AE49615F32C7D98C2DB86C"},
      {NullKey{}, "05C1ED45D7475601", "378867E4430E67857ACE5C908374FE16"},
      {true, "05C1D7C5A903D803", "0E711127C5B5A8E4726AC6DD306A3E59"},
      {false, "05C1DB857D857C02", "2FE1BE91E90A3439635E0E9E37361EF2"},
      {UndefinedKey{}, "05C1D529E345DC00", "11622DAA78F835834610ABE56EFF5CB5"},
      {0.0, "05C1BF6DA11560058000", "155B95BEDAC4B1E9EC1CDC9BB0DDDE58"},
      {-0.0, "05C1E703ED99A0058000", "3D018BB1DF3DB27235766E81FD10406E"},
      {1.0, "05C1ED172B6B2605BFF0", "20CD98B339BA78A5D0CF6953B87070B0"},
      {-1.0, "05C1D1A5BDDF9C054010", "19938E7A936C1C5B9E3AE842BBC16839"},
      {2.0, "05C1D93569113805C000", "11BEC098BB8A08943F0A144281ACC26C"},
      {10.0, "05C1E7A73FCDF405C024", "0FF90F755421EB8FB4B97F4349340A88"},
      {100.0, "05C1E30371BF2005C05980", "34235CFA9F2448C372F53E4119DBB9AB"},
      {1.5, "05C1E9694167A805BFF8", "35C5DDEB6C795D16A9963C73C54E97BC"},
      {3.14, "05C1E179CD954C05C0098FAF0B1F5D153E", "319C496AE088984E764AF1B65EF5394D"},
      {5.0, "", "19C08621B135968252FB34B4CF66F811"},
      {5.123124190509124, "", "0EF2E2D82460884AF0F6440BE4F726A8"},
      {123.456, "05C1E1B3FBAF1005C05F6F4BE3A9FDF9EE", "3DB3A0C1D124013427946D793E41D62A"},
      {-128.0, "05C1D73349F54C053FA0", "01DAEDABF913540367FE219B2AD06148"},
      {127.0, "05C1DD539DDFCC05C05FE0", "0C507ACAC853ECA7977BF4CEFB562A25"},
      {2147483647.0, "05C1E1F503DFB205C1DFFFFFFFFC", "2D9349D64712AEB5EB1406E2F0BE2725"},
      {-2147483648.0, "05C1DFBF252BCC053E20", "0B1660D5233C3171725B30D4A5F4CC1F"},
      {9007199254740992.0, "05C1E53167392405C340", "15335910D01122E3D99DA5DE569B065D"},
      {12345678901234567890.0, "05C1CFD14917C805C3E5B5A5A719EB8FC2",
       "0DF94B5D3130A1303C6B59AD0FDEB839"},
      {9223372036854775807.0, "05C1B799AB2DD005C3E0", "2EDB959178DFCCA18983F89384D1629B"},
      {-9223372036854775808.0, "05C1DB35F33D1C053C20", "23D5C6395512BDFEAFADAD15328AD2BB"},
      {std::numeric_limits<double>::denorm_min(), "05C1E5C91F4D3005800101010101010102",
       "0E6CBA63A280927DE485DEF865800139"},
      {std::numeric_limits<double>::max(), "05C1CBE367C53005FFEFFFFFFFFFFFFFFE",
       "31424D996457102634591FF245DBCC4D"},
      {1e100, "05C1CBCBA56BA005D4B3256BA559A70DFA", "0F2CE1E0003640A88135B3E8C343EEB5"},
  };
}

std::string HexOf(HashKind kind, std::vector<KeyComponent> key) {
  return EpkToHex(Epk(kind, key));
}

TEST(PartitionHash, MatchesThePublishedVectorsOfVersion1) {
  for (const Vector& vector : SingleValueVectors()) {
    if (vector.v1_hex.empty()) continue;
    EXPECT_EQ(HexOf(HashKind::kV1, {vector.value}), vector.v1_hex) << vector.v2_hex;
  }
}

TEST(PartitionHash, MatchesThePublishedVectorsOfVersion2) {
  ASSERT_EQ(SingleValueVectors().size(), 44u);
  for (const Vector& vector : SingleValueVectors()) {
    EXPECT_EQ(HexOf(HashKind::kV2, {vector.value}), vector.v2_hex) << vector.v1_hex;
  }
}

TEST(PartitionHash, HashesOneLevelOfAHierarchicalKeyLikeVersion2) {
  for (const Vector& vector : SingleValueVectors()) {
    EXPECT_EQ(HexOf(HashKind::kMultiHash, {vector.value}), vector.v2_hex);
  }
}

TEST(PartitionHash, MatchesThePublishedVectorsOfSeveralComponents) {
  const std::string tenant1 = "0DAE0B8467B011E957BC0B8B0DEB5ACA";
  const std::string tenant1_user42 = tenant1 + "0756B433488293350E1E1D7190F4D1C4";
  struct {
    HashKind kind;
    std::vector<KeyComponent> key;
    std::string hex;
  } const vectors[] = {
      {HashKind::kV2, {5.0, "redmond"sv, true, NullKey{}}, "3032DECBE2AB1768D8E0AEDEA35881DF"},
      {HashKind::kV2, {"tenant1"sv, "user-42"sv}, "160670439483206C1703FDCE21E57BBF"},
      {HashKind::kMultiHash, {"tenant1"sv}, tenant1},
      {HashKind::kMultiHash, {"tenant1"sv, "user-42"sv}, tenant1_user42},
      {HashKind::kMultiHash,
       {"tenant1"sv, "user-42"sv, 7.0},
       tenant1_user42 + "36ECBAF0D9CC21F10F0938014BB52739"},
      {HashKind::kMultiHash,
       {"tenant1"sv, NullKey{}},
       tenant1 + "378867E4430E67857ACE5C908374FE16"},
      {HashKind::kMultiHash,
       {"tenant1"sv, UndefinedKey{}},
       tenant1 + "11622DAA78F835834610ABE56EFF5CB5"},
      {HashKind::kMultiHash,
       {"redmond"sv, 5.0},
       "22E342F38A486A088463DFF7838A5963"
       "19C08621B135968252FB34B4CF66F811"},
  };
  for (const auto& vector : vectors) EXPECT_EQ(HexOf(vector.kind, vector.key), vector.hex);
}

TEST(PartitionHash, RawHashesMatchThePublishedOnes) {
  const std::string zero("\x05\0\0\0\0\0\0\0\0", 9);
  const std::string one("\x05\0\0\0\0\0\0\xF0\x3F", 9);
  const std::map<std::string, uint32_t> v1 = {
      {std::string("\x08\0", 2), 0x3CCCB0FF},
      {std::string(1, '\0'), 0x514E28B7},
      {"\x01", 0xE45AD1AB},
      {"\x03", 0x5E2A8076},
      {"\x02", 0x6C27D09F},
      {zero, 0x1EDA80A6},
      {one, 0xE1655A93},
      {std::string("\x08"
                   "asdf\0",
                   6),
       0xB02BABC2},
  };
  for (const auto& [input, hash] : v1) EXPECT_EQ(Murmur3x86_32(input), hash) << EpkToHex(input);
  // 608BF1D5… and B499FD51… with the top two bits cleared.
  EXPECT_EQ(HexOf(HashKind::kV2, {"asdf"sv}), "208BF1D598F5B63AD5520F04FE58C5E8");
  EXPECT_EQ(HexOf(HashKind::kV2, {"/path1"sv}), "3499FD5198AE0F1EB6B77F6E428D2FF0");
}

TEST(PartitionHash, AnEmptyKeyIsTheLowestPosition) {
  for (const HashKind kind : {HashKind::kV1, HashKind::kV2, HashKind::kMultiHash}) {
    EXPECT_EQ(HexOf(kind, {}), "");
  }
}

TEST(PartitionHash, AppendsToWhatIsThere) {
  std::string out = "x";
  const KeyComponent key[] = {"redmond"sv};
  AppendEpk(HashKind::kV2, key, &out);
  EXPECT_EQ(EpkToHex(out), "7822E342F38A486A088463DFF7838A5963");
}

TEST(EpkBounds, CompareBytewiseAndIgnoreTrailingZeros) {
  struct {
    std::string a, b;
    std::strong_ordering order;
  } const cases[] = {
      {"", "", std::strong_ordering::equal},
      {"", "00", std::strong_ordering::equal},
      {"", "0001", std::strong_ordering::less},
      {"06AB", "06AB0000", std::strong_ordering::equal},
      {"06AB0001", "06AB", std::strong_ordering::greater},
      {"06AB", "06AC", std::strong_ordering::less},
      {"FF", "3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", std::strong_ordering::greater},
      {"7F", "80", std::strong_ordering::less},
      {"05C1BF6DA115600580", "05C1BF6DA11560058000", std::strong_ordering::equal},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(CompareEpk(*EpkFromHex(test.a), *EpkFromHex(test.b)), test.order)
        << test.a << " " << test.b;
    EXPECT_TRUE(CompareEpk(*EpkFromHex(test.b), *EpkFromHex(test.a)) == 0 <=> test.order);
  }
}

TEST(EpkBounds, AreHalfOpen) {
  const std::string min = *EpkFromHex("1FFF");
  const std::string max = *EpkFromHex("2FFF");
  EXPECT_TRUE(EpkInRange(min, min, max));
  EXPECT_TRUE(EpkInRange(*EpkFromHex("1FFF00"), min, max));
  EXPECT_FALSE(EpkInRange(max, min, max));
  EXPECT_FALSE(EpkInRange(*EpkFromHex("2FFF00"), min, max));
  EXPECT_FALSE(EpkInRange(*EpkFromHex("1FFE"), min, max));
  EXPECT_TRUE(EpkInRange("", kEpkMin, kEpkMax));
}

TEST(EpkBounds, AHierarchicalPrefixHoldsItsDocuments) {
  const KeyComponent key[] = {"tenant1"sv, "user-42"sv};
  const std::string prefix = Epk(HashKind::kMultiHash, std::span(key, 1));
  EXPECT_TRUE(EpkInRange(Epk(HashKind::kMultiHash, key), prefix, prefix + "\xFF"));
}

std::vector<std::string> HexBounds(HashKind kind, uint32_t count) {
  std::vector<std::string> bounds;
  for (const std::string& bound : EvenEpkBounds(kind, count)) bounds.push_back(EpkToHex(bound));
  return bounds;
}

TEST(EpkBounds, DivideTheSpaceOfVersion2Evenly) {
  const std::string rest(30, 'F');
  EXPECT_THAT(HexBounds(HashKind::kV2, 1), testing::IsEmpty());
  EXPECT_THAT(HexBounds(HashKind::kV2, 2), testing::ElementsAre("1F" + rest));
  EXPECT_THAT(HexBounds(HashKind::kV2, 4),
              testing::ElementsAre("0F" + rest, "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE",
                                   "2FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD"));
  // The last one is in a test that azure-cosmos for Python 4.17.1 carries.
  EXPECT_THAT(
      HexBounds(HashKind::kV2, 5),
      testing::ElementsAre("0CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", "19999999999999999999999999999998",
                           "26666666666666666666666666666664", "33333333333333333333333333333330"));
}

TEST(EpkBounds, DivideTheSpaceOfVersion1AtEncodedHashes) {
  EXPECT_THAT(HexBounds(HashKind::kV1, 2), testing::ElementsAre("05C1DFFFFFFFFC"));
  EXPECT_THAT(HexBounds(HashKind::kV1, 4),
              testing::ElementsAre("05C1CFFFFFFFF8", "05C1DFFFFFFFFC", "05C1E7FFFFFFFE"));
}

TEST(EpkBounds, RiseStrictlyForAnyCount) {
  for (const HashKind kind : {HashKind::kV1, HashKind::kV2, HashKind::kMultiHash}) {
    for (const uint32_t count : {2u, 3u, 5u, 7u, 64u, 1000u}) {
      std::string previous(kEpkMin);
      for (const std::string& bound : EvenEpkBounds(kind, count)) {
        EXPECT_TRUE(CompareEpk(previous, bound) < 0);
        previous = bound;
      }
      EXPECT_TRUE(CompareEpk(previous, kEpkMax) < 0);
    }
  }
}

TEST(EpkBounds, SplittingHalvesGivesTheBoundsOfTwiceAsManyRanges) {
  for (const HashKind kind : {HashKind::kV1, HashKind::kV2}) {
    const std::vector<std::string> two = EvenEpkBounds(kind, 2);
    EXPECT_EQ(EpkMidpoint(kind, kEpkMin, kEpkMax), two[0]);
    EXPECT_EQ(EpkMidpoint(kind, kEpkMin, two[0]), EvenEpkBounds(kind, 4)[0]);
  }
  const std::vector<std::string> two = EvenEpkBounds(HashKind::kV1, 2);
  EXPECT_EQ(EpkMidpoint(HashKind::kV1, two[0], kEpkMax), EvenEpkBounds(HashKind::kV1, 4)[2]);
}

TEST(EpkBounds, ARangeOfOnePositionCannotBeHalved) {
  const std::string low = *EpkFromHex("10000000000000000000000000000000");
  const std::string high = *EpkFromHex("10000000000000000000000000000001");
  EXPECT_EQ(EpkMidpoint(HashKind::kV2, low, high), std::nullopt);
}

TEST(EpkBounds, RouteThePublishedKeysToFourEvenRanges) {
  const std::vector<std::string> bounds = EvenEpkBounds(HashKind::kV2, 4);
  const std::vector<std::pair<KeyComponent, int>> expected = {
      {"tenant1"sv, 0}, {"user-42"sv, 0}, {10.0, 0},        {true, 0}, {0.0, 1},
      {2.0, 1},         {"tenant2"sv, 2}, {"redmond"sv, 2}, {1.0, 2},  {false, 2},
      {"a"sv, 3},       {100.0, 3},       {NullKey{}, 3}};
  for (const auto& [value, range] : expected) {
    const KeyComponent key[] = {value};
    const std::string epk = Epk(HashKind::kV2, key);
    int found = 0;
    while (found < 3 && CompareEpk(bounds[found], epk) <= 0) ++found;
    EXPECT_EQ(found, range) << EpkToHex(epk);
  }
}

TEST(EpkHex, RoundTripsAndTakesLowerCase) {
  EXPECT_EQ(EpkToHex(*EpkFromHex("05c1Df00")), "05C1DF00");
}

TEST(EpkHex, RefusesWhatIsNotHex) {
  EXPECT_EQ(EpkFromHex("ABC").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(EpkFromHex("0G").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway::cosmosdb
