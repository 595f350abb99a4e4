#include "transforms/variant_json.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "json/canonical_hash.h"
#include "transforms/encoder_test_support.h"

namespace spillway {
namespace {

using Encoded = std::pair<std::string, std::string>;

std::string Little(uint64_t value, size_t width) {
  std::string bytes;
  for (size_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

template <typename T>
std::string Raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// Byte layouts below follow VariantEncoding.md, written out by hand.
std::string Metadata(const std::vector<std::string>& names, size_t width = 1) {
  std::string bytes(1, static_cast<char>(1 | (width - 1) << 6));
  bytes += Little(names.size(), width);
  std::string text;
  bytes += Little(0, width);
  for (const std::string& name : names) {
    text += name;
    bytes += Little(text.size(), width);
  }
  return bytes + text;
}

std::string Primitive(uint8_t type, const std::string& payload = "") {
  return std::string(1, static_cast<char>(type << 2)) + payload;
}
std::string Short(const std::string& text) {
  return std::string(1, static_cast<char>(text.size() << 2 | 1)) + text;
}

std::string Object(const std::vector<std::pair<uint8_t, std::string>>& fields, size_t width = 1,
                   bool large = false) {
  std::string bytes(1, static_cast<char>(2 | (width - 1) << 2 | (large ? 1 << 6 : 0)));
  bytes += Little(fields.size(), large ? 4 : 1);
  for (const auto& field : fields) bytes += static_cast<char>(field.first);
  std::string values;
  for (const auto& field : fields) {
    bytes += Little(values.size(), width);
    values += field.second;
  }
  return bytes + Little(values.size(), width) + values;
}

std::string Array(const std::vector<std::string>& elements, size_t width = 1, bool large = false) {
  std::string bytes(1, static_cast<char>(3 | (width - 1) << 2 | (large ? 1 << 4 : 0)));
  bytes += Little(elements.size(), large ? 4 : 1);
  std::string values;
  for (const std::string& element : elements) {
    bytes += Little(values.size(), width);
    values += element;
  }
  return bytes + Little(values.size(), width) + values;
}

std::string Json(const std::string& value, const std::vector<std::string>& names = {},
                 const ValuePolicy& policy = {}) {
  return ValueText(Variants({Encoded{Metadata(names), value}}), policy);
}

TEST(VariantJson, WritesEveryPrimitive) {
  EXPECT_EQ(Json(Primitive(0)), "null");
  EXPECT_EQ(Json(Primitive(1)), "true");
  EXPECT_EQ(Json(Primitive(2)), "false");
  EXPECT_EQ(Json(Primitive(3, Raw<int8_t>(-5))), "-5");
  EXPECT_EQ(Json(Primitive(4, Raw<int16_t>(-500))), "-500");
  EXPECT_EQ(Json(Primitive(5, Raw<int32_t>(-70000))), "-70000");
  EXPECT_EQ(Json(Primitive(6, Raw<int64_t>(5'000'000'000))), "5000000000");
  EXPECT_EQ(Json(Primitive(7, Raw(12.95))), "12.95");
  EXPECT_EQ(Json(Primitive(8, '\x02' + Raw<int32_t>(1250))), "12.5");
  EXPECT_EQ(Json(Primitive(9, '\x03' + Raw<int64_t>(-5))), "-0.005");
  EXPECT_EQ(Json(Primitive(10, std::string(1, '\0') + Raw<__int128>(7))), "7");
  EXPECT_EQ(Json(Primitive(11, Raw<int32_t>(19753))), "\"2024-01-31\"");
  EXPECT_EQ(Json(Primitive(12, Raw<int64_t>(1'000))), "\"1970-01-01T00:00:00.001Z\"");
  EXPECT_EQ(Json(Primitive(13, Raw<int64_t>(0))), "\"1970-01-01T00:00:00\"");
  EXPECT_EQ(Json(Primitive(14, Raw(0.1f))), "0.1");
  EXPECT_EQ(Json(Primitive(15, Little(3, 4) + "foo")), "\"Zm9v\"");
  EXPECT_EQ(Json(Primitive(16, Little(3, 4) + "a\"b")), "\"a\\\"b\"");
  EXPECT_EQ(Json(Primitive(17, Raw<int64_t>(3'661'000'500))), "\"01:01:01.000500\"");
  EXPECT_EQ(Json(Primitive(18, Raw<int64_t>(1))), "\"1970-01-01T00:00:00.000000001Z\"");
  EXPECT_EQ(Json(Primitive(19, Raw<int64_t>(0))), "\"1970-01-01T00:00:00\"");
  EXPECT_EQ(Json(Primitive(20, std::string("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc"
                                           "\xdd\xee\xff",
                                           16))),
            "\"00112233-4455-6677-8899-aabbccddeeff\"");
  EXPECT_EQ(Json(Short("hé")), "\"hé\"");
}

TEST(VariantJson, WritesObjectsAndArraysOfEveryWidth) {
  for (const size_t width : {1, 2, 3, 4}) {
    for (const bool large : {false, true}) {
      const std::string value = Object(
          {{1, Array({Primitive(1), Short("x"), Object({})}, width, large)}, {0, Primitive(0)}},
          width, large);
      const std::string metadata = Metadata({"zero", "a\"b"}, width);
      EXPECT_EQ(ValueText(Variants({Encoded{metadata, value}})),
                R"({"a\"b":[true,"x",{}],"zero":null})");
    }
  }
}

TEST(VariantJson, ColumnPoliciesHoldInside) {
  const ValuePolicy policy{.nulls = NullPolicy::kOmit,
                           .timestamps = TimestampPolicy::kEpochMillis,
                           .decimals = DecimalPolicy::kString,
                           .inexact_numbers = InexactNumberPolicy::kString};
  EXPECT_EQ(Json(Primitive(12, Raw<int64_t>(5'000)), {}, policy), "5");
  EXPECT_EQ(Json(Primitive(8, '\x02' + Raw<int32_t>(1250)), {}, policy), "\"12.50\"");
  EXPECT_EQ(Json(Primitive(6, Raw<int64_t>((int64_t{1} << 53) + 1)), {}, policy),
            "\"9007199254740993\"");
  EXPECT_EQ(Json(Object({{0, Primitive(0)}}), {"a"}, policy), R"({"a":null})");
  EXPECT_EQ(Json(Primitive(6, Raw<int64_t>((int64_t{1} << 53) + 1))), "rejected: inexact_number");
}

TEST(VariantJson, ANullVariantIsNullAndAVariantNullIsToo) {
  EXPECT_EQ(ValueText(Variants({std::nullopt})), "null");
  EXPECT_EQ(ValueText(Variants({std::nullopt}), {.nulls = NullPolicy::kOmit}), "absent");
}

TEST(VariantJson, DepthIsCountedWithTheDocument) {
  // The store takes four levels: the document and three of the variant.
  std::string value = Primitive(1);
  for (int i = 0; i < 3; ++i) value = Array({value});
  EXPECT_EQ(Json(value), "[[[true]]]");
  EXPECT_EQ(Json(Array({value})), "rejected: too_deep");
}

TEST(VariantJson, BrokenEncodingsAreRefused) {
  for (const std::string& value :
       {std::string(), Primitive(3), Primitive(6, "abc"), Primitive(21), Primitive(63),
        Primitive(16, Little(9, 4) + "short"), Primitive(16), Short("abc").substr(0, 2),
        Primitive(8, '\x27' + Raw<int32_t>(1)), Primitive(20, "short"), Object({{7, Primitive(0)}}),
        Object({{0, Primitive(0)}}).substr(0, 3), Array({Primitive(0)}).substr(0, 2),
        std::string("\x03\x01\x7f\x00", 4), Primitive(17, Raw<int64_t>(-1)),
        std::string("\x13\xff\xff\xff\xff", 5)}) {
    EXPECT_EQ(Json(value, {"a"}), "rejected: invalid_variant") << value.size();
  }
  EXPECT_EQ(ValueText(Variants({Encoded{"", Primitive(0)}})), "rejected: invalid_variant");
  EXPECT_EQ(ValueText(Variants({Encoded{"\x02", Primitive(0)}})), "rejected: invalid_variant");
  EXPECT_EQ(Json(Object({{0, Primitive(0)}, {0, Primitive(0)}}), {"a"}),
            "rejected: map_key_duplicate");
  EXPECT_EQ(Json(Short("\xff")), "rejected: invalid_utf8");
}

TEST(VariantJson, ValuesThatShareTheirBytesDoNotMultiply) {
  // Each level's two elements point at the same bytes: 2^n values out of a few.
  std::string value = Primitive(1);
  for (int i = 0; i < 40; ++i) {
    value = std::string("\x03\x02\x00\x00", 4) + static_cast<char>(value.size()) + value;
  }
  Capabilities deep;
  EXPECT_EQ(ValueText(Variants({Encoded{Metadata({}), value}}), {}, deep),
            "rejected: invalid_variant");
}

TEST(VariantJson, AnyBytesGiveJsonOrARefusal) {
  const std::string metadata = Metadata({"a", "b", "c"});
  const std::string seed =
      Object({{0, Array({Primitive(3, "\x05"), Short("text"), Primitive(7, Raw(1.5))})},
              {1, Primitive(16, Little(4, 4) + "long")},
              {2, Object({{0, Primitive(0)}})}});
  std::mt19937 random(9);
  for (int i = 0; i < 20'000; ++i) {
    std::string value = seed;
    std::string names = metadata;
    for (size_t n = 1 + random() % 3; n > 0; --n) {
      std::string& target = random() % 4 == 0 ? names : value;
      target[random() % target.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) value.resize(random() % value.size());
    const std::string json = ValueText(Variants({Encoded{names, value}}));
    if (json.starts_with("rejected: ")) continue;
    ASSERT_TRUE(CanonicalHash("{\"v\":" + json + "}", {}).ok()) << json;
  }
}

}  // namespace
}  // namespace spillway
