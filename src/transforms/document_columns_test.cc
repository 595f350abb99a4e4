#include "transforms/document_columns.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "columns/array_builder.h"
#include "columns/column_view.h"
#include "transforms/base64.h"
#include "transforms/document_encoder.h"
#include "transforms/encoder_test_support.h"

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A column of each type that rows come in, with no rows.
std::vector<NamedColumn> EveryType() {
  return {{"flag", Bools({true, std::nullopt})},
          {"tiny", Int8s({int8_t{-128}, std::nullopt})},
          {"small", Int16s({int16_t{32767}, std::nullopt})},
          {"count", Int32s({int32_t{-5}, std::nullopt})},
          {"big", Int64s({int64_t{1} << 52, std::nullopt})},
          {"single", Floats({0.25f, std::nullopt})},
          {"ratio", Doubles({-1.5e-7, std::nullopt})},
          {"price", Decimals(12, 2, {__int128{1295}, std::nullopt})},
          {"name", Strings({"nämé \"q\"\n", std::nullopt})},
          {"long", LargeStrings({"x", std::nullopt})},
          {"bytes", Binaries({std::string("\0\xff\x10", 3), std::nullopt})},
          {"day", Dates({19783, std::nullopt})},
          {"at", Timestamps(TimeUnit::kMicro, "UTC", {int64_t{1709294400123456}, std::nullopt})},
          {"local", Timestamps(TimeUnit::kMicro, "", {int64_t{1709294400000000}, std::nullopt})},
          {"list", Lists(Int64s({1, 2, std::nullopt}), {3, std::nullopt})},
          {"inner",
           Structs({{"a", Int64s({7, 0})}, {"b", Strings({std::nullopt, ""})}}, {true, false})},
          {"tags", Maps(Strings({"k", "l"}), Doubles({1.5, std::nullopt}), {2, std::nullopt})}};
}

std::unique_ptr<DocumentColumns> ColumnsOf(const std::vector<NamedColumn>& columns,
                                           const DocumentColumnsOptions& options = {}) {
  auto made = DocumentColumns::Make(BuildBatch(columns).schema->get(), options);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return *std::move(made);
}

// The rows as the encoder writes them: what they are can be read there.
std::vector<std::string> BodiesOf(const Batch& batch) {
  Capabilities capabilities = DoubleStore();
  capabilities.limits = {};
  DocumentOptions options = IdOnly();
  options.policy.inexact_numbers = InexactNumberPolicy::kNumber;
  const auto encoder = DocumentEncoder::Make(options, batch.schema->get(), capabilities);
  EXPECT_TRUE(encoder.ok()) << encoder.status().ToString();
  if (!encoder.ok()) return {};
  const auto encoded = (*encoder)->Encode(batch, Intent::kUpsert);
  EXPECT_TRUE(encoded.ok()) << encoded.status().ToString();
  std::vector<std::string> bodies;
  for (const Document& document : (*encoded)->documents) bodies.emplace_back(document.body);
  return bodies;
}

std::vector<std::string> Encoded(const std::vector<NamedColumn>& columns, OwnedArray rows) {
  Batch batch = BuildBatch(columns);
  batch.columns = std::move(rows);
  return BodiesOf(batch);
}

std::string FirstOf(const NamedColumn& column, std::string_view document,
                    const DocumentColumnsOptions& options = {}) {
  const std::vector<NamedColumn> columns = {{"id", Strings({"1"})}, column};
  const auto filled = ColumnsOf(columns, options);
  const Status appended = filled->Append(document);
  if (!appended.ok()) return std::string(appended.message());
  return Encoded(columns, filled->Take()).front();
}

TEST(DocumentColumns, WhatTheEncoderWritesComesBackAsItWas) {
  std::vector<NamedColumn> columns = EveryType();
  columns.insert(columns.begin(), {"id", Strings({"1", "2"})});
  const std::vector<std::string> documents = BodiesOf(BuildBatch(columns));
  const auto filled = ColumnsOf(columns);
  for (int round = 0; round < 3; ++round) {
    for (const std::string& document : documents) ASSERT_TRUE(filled->Append(document).ok());
    EXPECT_EQ(filled->rows(), 2);
    EXPECT_EQ(Encoded(columns, filled->Take()), documents);
    EXPECT_EQ(filled->rows(), 0);
    EXPECT_EQ(filled->bytes(), 0u);
  }
  EXPECT_EQ(filled->misfits(), 0u);
}

TEST(DocumentColumns, ManyRowsKeepTheirNulls) {
  const std::vector<NamedColumn> columns = {{"id", Strings({"1"})}, {"n", Int64s({1})}};
  const auto filled = ColumnsOf(columns);
  for (int row = 0; row < 1'000; ++row) {
    const std::string value = row % 3 == 0 ? "null" : fmt::format("{}", row);
    ASSERT_TRUE(filled->Append(fmt::format(R"({{"n":{},"id":"{}"}})", value, row)).ok());
  }
  const std::vector<std::string> rows = Encoded(columns, filled->Take());
  ASSERT_EQ(rows.size(), 1'000u);
  EXPECT_EQ(rows[999], R"({"id":"999","n":null})");
  EXPECT_EQ(rows[998], R"({"id":"998","n":998})");
}

TEST(DocumentColumns, MissingFieldsAreNullAndOthersAreLeft) {
  EXPECT_EQ(FirstOf({"n", Int64s({1})}, R"({"_ts":5,"id":"1","more":{"n":[1,{"a":"]}"}]}})"),
            R"({"id":"1","n":null})");
}

TEST(DocumentColumns, NumbersFitWhereTheyLoseNothing) {
  EXPECT_EQ(FirstOf({"n", Int64s({1})}, R"({"id":"1","n":5.0})"), R"({"id":"1","n":5})");
  EXPECT_EQ(FirstOf({"n", Doubles({1})}, R"({"id":"1","n":5})"), R"({"id":"1","n":5})");
  EXPECT_THAT(FirstOf({"n", Int64s({1})}, R"({"id":"1","n":5.5})"),
              HasSubstr("column n: 5.5 is no long"));
  EXPECT_THAT(FirstOf({"n", Int8s({1})}, R"({"id":"1","n":128})"),
              HasSubstr("column n: 128 is no"));
  EXPECT_THAT(FirstOf({"n", Int64s({1})}, R"({"id":"1","n":1e19})"), HasSubstr("1e19 is no long"));
  EXPECT_THAT(FirstOf({"n", Decimals(4, 2, {__int128{1}})}, R"({"id":"1","n":123})"),
              HasSubstr("123 is no decimal(4,2)"));
  EXPECT_THAT(FirstOf({"n", Decimals(4, 2, {__int128{1}})}, R"({"id":"1","n":1.234})"),
              HasSubstr("1.234 is no decimal(4,2)"));
  EXPECT_EQ(FirstOf({"n", Decimals(4, 2, {__int128{1}})}, R"({"id":"1","n":"-1.5"})"),
            R"({"id":"1","n":-1.5})");
  EXPECT_THAT(FirstOf({"n", Floats({1})}, R"({"id":"1","n":-1e39})"), HasSubstr("-1e39 is no"));
}

TEST(DocumentColumns, TextColumnsTakeTheJsonOfWhatIsNoText) {
  EXPECT_EQ(FirstOf({"t", Strings({"x"})}, R"({"id":"1","t":{"a": [1, "b"]} })"),
            R"({"id":"1","t":"{\"a\": [1, \"b\"]}"})");
  EXPECT_EQ(FirstOf({"t", Strings({"x"})}, R"({"id":"1","t":1.50 })"), R"({"id":"1","t":"1.50"})");
}

TEST(DocumentColumns, TimesAreNumbersOrText) {
  const NamedColumn at{"at", Timestamps(TimeUnit::kMicro, "UTC", {int64_t{0}})};
  const NamedColumn day{"day", Dates({0})};
  const DocumentColumnsOptions millis{.relaxed = false, .epoch_millis = true};
  EXPECT_EQ(FirstOf(at, R"({"id":"1","at":1000})"),
            R"({"id":"1","at":"1970-01-01T00:00:00.001Z"})");
  EXPECT_EQ(FirstOf(at, R"({"id":"1","at":1000})", millis),
            R"({"id":"1","at":"1970-01-01T00:00:01Z"})");
  EXPECT_EQ(FirstOf(at, R"({"id":"1","at":"1970-01-01T02:00:00+02:00"})"),
            R"({"id":"1","at":"1970-01-01T00:00:00Z"})");
  EXPECT_EQ(FirstOf(day, R"({"id":"1","day":-1})"), R"({"id":"1","day":"1969-12-31"})");
  EXPECT_EQ(FirstOf(day, R"({"id":"1","day":-1})", millis), R"({"id":"1","day":"1969-12-31"})");
  EXPECT_THAT(FirstOf(at, R"({"id":"1","at":"soon"})"), HasSubstr("\"soon\" is no timestamp"));
}

TEST(DocumentColumns, RelaxedMakesNullOfWhatDoesNotFitAndCountsIt) {
  const DocumentColumnsOptions relaxed{.relaxed = true};
  const std::vector<NamedColumn> columns = {{"id", Strings({"1"})},
                                            {"n", Int64s({1})},
                                            {"list", Lists(Int64s({1}), {1})},
                                            {"inner", Structs({{"a", Int64s({7})}}, {true})}};
  const auto filled = ColumnsOf(columns, relaxed);
  ASSERT_TRUE(filled->Append(R"({"id":"1","n":"x","list":[1,"x",{"y":[2]},3],"inner":5})").ok());
  ASSERT_TRUE(filled->Append(R"({"id":"2","n":2,"list":{"a":1},"inner":{"a":true}})").ok());
  EXPECT_EQ(filled->misfits(), 6u);
  EXPECT_THAT(Encoded(columns, filled->Take()),
              ElementsAre(R"({"id":"1","n":null,"list":[1,null,null,3],"inner":null})",
                          R"({"id":"2","n":2,"list":null,"inner":{"a":null}})"));
}

TEST(DocumentColumns, TheRawBodyIsTheWholeDocument) {
  const std::vector<NamedColumn> columns = {{"id", Strings({"1"})}, {"_rawBody", Strings({"x"})}};
  const auto filled = ColumnsOf(columns);
  ASSERT_TRUE(filled->Append(R"({"id":"7", "x":[1]})").ok());
  EXPECT_THAT(Encoded(columns, filled->Take()),
              ElementsAre(R"({"id":"7","_rawBody":"{\"id\":\"7\", \"x\":[1]}"})"));
}

TEST(DocumentColumns, DamagedDocumentsAreSaidToBe) {
  for (const char* document :
       {"", "[]", "5", R"({"id":"1","n":)", R"({"id":"1","n":1)", R"({"id":"1","n":1,"n":2})"}) {
    const auto filled = ColumnsOf({{"id", Strings({"1"})}, {"n", Int64s({1})}});
    EXPECT_EQ(filled->Append(document).code(), StatusCode::kDataLoss) << document;
  }
}

TEST(DocumentColumns, ColumnsThatNoDocumentFillsAreRefused) {
  const auto made = DocumentColumns::Make(
      BuildBatch({{"v", Variants({std::pair<std::string, std::string>("a", "b")})}}).schema->get(),
      {});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("column v cannot be read"));
}

TEST(Base64, ReadsWhatItWrites) {
  for (size_t size = 0; size < 20; ++size) {
    std::string bytes, text(Base64Size(size), ' '), read;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i * 37 + 200));
    WriteBase64(bytes, text.data());
    ASSERT_TRUE(ReadBase64(text, &read));
    EXPECT_EQ(read, bytes);
  }
  std::string read;
  for (const char* wrong : {"a", "abc", "ab=c", "a===", "abc-"}) {
    EXPECT_FALSE(ReadBase64(wrong, &read)) << wrong;
  }
}

}  // namespace
}  // namespace spillway
