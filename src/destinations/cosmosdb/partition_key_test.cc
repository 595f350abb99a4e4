#include "destinations/cosmosdb/partition_key.h"

#include <gtest/gtest.h>

namespace spillway::cosmosdb {
namespace {

// Published vectors (partition_hash_test.cc has them all), here by the text that documents carry.
struct Epk {
  const char* text;
  HashKind kind;
  const char* epk;
};

class EpkOf : public testing::TestWithParam<Epk> {};

TEST_P(EpkOf, TextIsThePublishedOne) {
  const Epk& c = GetParam();
  std::string epk = "left over";
  ASSERT_TRUE(EpkOfText(c.kind, c.text, &epk).ok()) << c.text;
  EXPECT_EQ(EpkToHex(epk), c.epk) << c.text;
}

constexpr HashKind kV1 = HashKind::kV1;
constexpr HashKind kV2 = HashKind::kV2;
constexpr HashKind kMulti = HashKind::kMultiHash;

INSTANTIATE_TEST_SUITE_P(
    Texts, EpkOf,
    testing::Values(Epk{R"([""])", kV2, "32E9366E637A71B4E710384B2F4970A0"},
                    Epk{R"(["a"])", kV2, "3A5381E1114EB8D3FCC90795045B49B7"},
                    Epk{R"(["\u0061"])", kV2, "3A5381E1114EB8D3FCC90795045B49B7"},
                    Epk{R"( [ "a" ] )", kV2, "3A5381E1114EB8D3FCC90795045B49B7"},
                    Epk{R"(["partitionKey"])", kV2, "013AEFCF77FA271571CF665A58C933F1"},
                    Epk{R"(["redmond"])", kV2, "22E342F38A486A088463DFF7838A5963"},
                    Epk{R"(["tenant1"])", kV2, "0DAE0B8467B011E957BC0B8B0DEB5ACA"},
                    Epk{R"(["tenant2"])", kV2, "21764ED8B33C83B276DED38EA17F6CB4"},
                    Epk{R"(["user-42"])", kV2, "0756B433488293350E1E1D7190F4D1C4"},
                    Epk{R"(["12345"])", kV2, "2165193FE34BC9DC0BB70BFEC6AEE536"},
                    Epk{R"(["2024-01-31"])", kV2, "3F73D243623347D8ACC8D7DC9B41E090"},
                    Epk{"[\"\xC3\xA4\xC3\xB6\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80\"]", kV2,
                        "07B48AD62E35ECA7782593925A283539"},
                    Epk{R"(["\u00e4\u00f6\u00fc\u20ac\ud83d\ude00"])", kV2,
                        "07B48AD62E35ECA7782593925A283539"},
                    Epk{"[\"\xC4\xB0stanbul\"]", kV2, "32A3A0AE06096D0F42952CF572ADE158"},
                    Epk{R"(["line\nbreak"])", kV2, "1F63470425EBFAB1E19A90F4E2DA7241"},
                    Epk{"[null]", kV2, "378867E4430E67857ACE5C908374FE16"},
                    Epk{"[true]", kV2, "0E711127C5B5A8E4726AC6DD306A3E59"},
                    Epk{"[false]", kV2, "2FE1BE91E90A3439635E0E9E37361EF2"},
                    Epk{"[{}]", kV2, "11622DAA78F835834610ABE56EFF5CB5"},
                    Epk{"[{ }]", kV2, "11622DAA78F835834610ABE56EFF5CB5"},
                    Epk{"[0]", kV2, "155B95BEDAC4B1E9EC1CDC9BB0DDDE58"},
                    Epk{"[-0]", kV2, "155B95BEDAC4B1E9EC1CDC9BB0DDDE58"},
                    Epk{"[-0.0]", kV2, "155B95BEDAC4B1E9EC1CDC9BB0DDDE58"},
                    Epk{"[1]", kV2, "20CD98B339BA78A5D0CF6953B87070B0"},
                    Epk{"[1.0]", kV2, "20CD98B339BA78A5D0CF6953B87070B0"},
                    Epk{"[1e0]", kV2, "20CD98B339BA78A5D0CF6953B87070B0"},
                    Epk{"[-1]", kV2, "19938E7A936C1C5B9E3AE842BBC16839"},
                    Epk{"[1.5]", kV2, "35C5DDEB6C795D16A9963C73C54E97BC"},
                    Epk{"[3.14]", kV2, "319C496AE088984E764AF1B65EF5394D"},
                    Epk{"[5.0]", kV2, "19C08621B135968252FB34B4CF66F811"},
                    Epk{"[5.123124190509124]", kV2, "0EF2E2D82460884AF0F6440BE4F726A8"},
                    Epk{"[9007199254740992]", kV2, "15335910D01122E3D99DA5DE569B065D"},
                    Epk{"[9007199254740993]", kV2, "15335910D01122E3D99DA5DE569B065D"},
                    Epk{"[12345678901234567890]", kV2, "0DF94B5D3130A1303C6B59AD0FDEB839"},
                    Epk{"[5e-324]", kV2, "0E6CBA63A280927DE485DEF865800139"},
                    Epk{"[1.7976931348623157e308]", kV2, "31424D996457102634591FF245DBCC4D"},
                    Epk{"[1E+100]", kV2, "0F2CE1E0003640A88135B3E8C343EEB5"},
                    Epk{R"([5.0,"redmond",true])", kMulti,
                        "19C08621B135968252FB34B4CF66F81122E342F38A486A088463DFF7838A5963"
                        "0E711127C5B5A8E4726AC6DD306A3E59"},
                    Epk{R"(["tenant1"])", kMulti, "0DAE0B8467B011E957BC0B8B0DEB5ACA"},
                    Epk{R"(["tenant1","user-42"])", kMulti,
                        "0DAE0B8467B011E957BC0B8B0DEB5ACA0756B433488293350E1E1D7190F4D1C4"},
                    Epk{R"(["tenant1","user-42",7])", kMulti,
                        "0DAE0B8467B011E957BC0B8B0DEB5ACA0756B433488293350E1E1D7190F4D1C4"
                        "36ECBAF0D9CC21F10F0938014BB52739"},
                    Epk{R"(["tenant1",null])", kMulti,
                        "0DAE0B8467B011E957BC0B8B0DEB5ACA378867E4430E67857ACE5C908374FE16"},
                    Epk{R"(["tenant1",{}])", kMulti,
                        "0DAE0B8467B011E957BC0B8B0DEB5ACA11622DAA78F835834610ABE56EFF5CB5"},
                    Epk{R"(["tenant1","user-42"])", kV2, "160670439483206C1703FDCE21E57BBF"},
                    Epk{R"([""])", kV1, "05C1CF33970FF80800"},
                    Epk{R"(["redmond"])", kV1, "05C1EFE313830C087366656E706F6500"},
                    Epk{"[1]", kV1, "05C1ED172B6B2605BFF0"}, Epk{"[null]", kV1, "05C1ED45D7475601"},
                    Epk{"[{}]", kV1, "05C1D529E345DC00"}, Epk{"[]", kV2, ""},
                    Epk{" [ ] ", kV1, ""}));

class NoPartitionKey : public testing::TestWithParam<const char*> {};

TEST_P(NoPartitionKey, IsRefused) {
  std::string epk;
  EXPECT_EQ(EpkOfText(HashKind::kV2, GetParam(), &epk).code(), StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Texts, NoPartitionKey,
                         testing::Values("", "a", "\"a\"", "[", "[\"a\"", "[\"a]", "[\"a\",]",
                                         "[,]", "[\"a\"]x", "[\"a\" \"b\"]", "[[]]", "[{\"a\":1}]",
                                         "[nul]", "[NaN]", "[Infinity]", "[-]", "[.5]", "[1,2,3,4]",
                                         "[\"\\x\"]", "[\"\\u12\"]", "[\"\\u12g4\"]",
                                         "[\"\\ud800\"]", "[\"\\ud800\\u0041\"]", "[\"\\udc00\"]",
                                         "[\"\\"));

TEST(Route, IsTheFirstSixteenBytesInOrder) {
  EXPECT_EQ(RouteOfEpk(""), (Hash128{0, 0}));
  EXPECT_EQ(RouteOfEpk("\x01"), (Hash128{0x0100000000000000, 0}));
  const std::string epk =
      *EpkFromHex("0DAE0B8467B011E957BC0B8B0DEB5ACA0756B433488293350E1E1D7190F4D1C4");
  EXPECT_EQ(RouteOfEpk(epk), (Hash128{0x0DAE0B8467B011E9, 0x57BC0B8B0DEB5ACA}));
  const std::array<char, kRouteBytes> first = EpkOfRoute(RouteOfEpk(epk));
  EXPECT_EQ(std::string_view(first.data(), first.size()), epk.substr(0, 16));
}

}  // namespace
}  // namespace spillway::cosmosdb
