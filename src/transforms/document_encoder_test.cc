#include "transforms/document_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "json/canonical_hash.h"
#include "json/document_key.h"
#include "transforms/encoder_test_support.h"

namespace spillway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Bodies(const EncodedBatch& batch) {
  std::vector<std::string> bodies;
  for (const Document& document : batch.documents) bodies.emplace_back(document.body);
  return bodies;
}
std::vector<std::string> Ids(const EncodedBatch& batch) {
  std::vector<std::string> ids;
  for (const Document& document : batch.documents) ids.emplace_back(document.id);
  return ids;
}
std::vector<std::string> Keys(const EncodedBatch& batch) {
  std::vector<std::string> keys;
  for (const Document& document : batch.documents) keys.emplace_back(document.partition_key);
  return keys;
}
std::vector<std::string> Reasons(const EncodedBatch& batch) {
  std::vector<std::string> reasons;
  for (const RejectedRow& row : batch.rejected) reasons.push_back(row.reason);
  return reasons;
}

TEST(DocumentEncoder, WritesTheIdFirstAndTheColumnsInTableOrder) {
  const auto encoded = EncodeAll(
      {{"price", Doubles({12.95})}, {"id", Strings({"a"})}, {"name", Strings({"Mug"})}}, IdOnly());
  EXPECT_THAT(Bodies(*encoded), ElementsAre(R"({"id":"a","price":12.95,"name":"Mug"})"));
}

TEST(DocumentEncoder, AddsAnIdToDocumentsWithoutOne) {
  DocumentOptions options;
  options.id_columns = {"sku"};
  const auto encoded = EncodeAll({{"sku", Int64s({7})}, {"name", Strings({"Mug"})}}, options);
  EXPECT_THAT(Bodies(*encoded), ElementsAre(R"({"id":"7","sku":7,"name":"Mug"})"));
}

TEST(DocumentEncoder, WritesAnIdColumnThatIsNoStringAsText) {
  const auto encoded = EncodeAll({{"id", Int64s({42})}}, IdOnly());
  EXPECT_THAT(Bodies(*encoded), ElementsAre(R"({"id":"42"})"));
}

TEST(DocumentEncoder, ProjectsRenamesAndNestsFields) {
  DocumentOptions options = IdOnly();
  options.columns = {"id", "price", "currency", "name"};
  options.fields = {{"pricing.unit", "price"}, {"title", "name"}, {"pricing.in.code", "currency"}};
  const auto encoded = EncodeAll({{"id", Strings({"a"})},
                                  {"price", Doubles({1.5})},
                                  {"hidden", Int64s({1})},
                                  {"name", Strings({"Mug"})},
                                  {"currency", Strings({"NOK"})}},
                                 options);
  EXPECT_THAT(
      Bodies(*encoded),
      ElementsAre(R"({"id":"a","pricing":{"unit":1.5,"in":{"code":"NOK"}},"title":"Mug"})"));
}

TEST(DocumentEncoder, OneColumnMayFillTwoFields) {
  DocumentOptions options = IdOnly();
  options.fields = {{"a", "x"}, {"b", "x"}};
  EXPECT_THAT(Bodies(*EncodeAll({{"id", Strings({"1"})}, {"x", Int64s({5})}}, options)),
              ElementsAre(R"({"id":"1","a":5,"b":5})"));
}

TEST(DocumentEncoder, LeavesOutAMappedObjectWithoutFields) {
  DocumentOptions options = IdOnly();
  options.policy.nulls = NullPolicy::kOmit;
  options.fields = {{"p.a", "a"}, {"p.q.b", "b"}};
  const auto encoded = EncodeAll({{"id", Strings({"1", "2", "3"})},
                                  {"a", Int64s({std::nullopt, 1, std::nullopt})},
                                  {"b", Int64s({std::nullopt, std::nullopt, 2})}},
                                 options);
  EXPECT_THAT(Bodies(*encoded), ElementsAre(R"({"id":"1"})", R"({"id":"2","p":{"a":1}})",
                                            R"({"id":"3","p":{"q":{"b":2}}})"));
}

TEST(DocumentEncoder, PoliciesHoldPerColumn) {
  DocumentOptions options = IdOnly();
  options.column_policies["b"] = {.nulls = NullPolicy::kOmit,
                                  .timestamps = TimestampPolicy::kEpochMillis};
  const auto encoded = EncodeAll({{"id", Strings({"1", "2"})},
                                  {"a", Dates({std::nullopt, 1})},
                                  {"b", Dates({std::nullopt, 1})}},
                                 options);
  EXPECT_THAT(Bodies(*encoded),
              ElementsAre(R"({"id":"1","a":null})", R"({"id":"2","a":"1970-01-02","b":86400000})"));
}

TEST(DocumentEncoder, JoinsIdsSoThatDifferentRowsNeverShareOne) {
  DocumentOptions options;
  options.id_columns = {"a", "b"};
  const auto encoded = EncodeAll({{"a", Strings({"x", "x|", "x%7Cy", "x|y", "x"})},
                                  {"b", Strings({"|y", "y", "", "", "%7Cy"})}},
                                 options);
  EXPECT_THAT(Ids(*encoded), ElementsAre("x|%7Cy", "x%7C|y", "x%257Cy|", "x%7Cy|", "x|%257Cy"));
}

TEST(DocumentEncoder, JoinedIdsAreInjectiveForRandomParts) {
  DocumentOptions options;
  options.id_columns = {"a", "b"};
  options.id_separator = "::";
  Capabilities capabilities;
  std::mt19937 random(3);
  Values<std::string> a, b;
  std::set<std::pair<std::string, std::string>> pairs;
  for (int i = 0; i < 5000; ++i) {
    const auto part = [&] {
      std::string text;
      for (size_t n = random() % 4; n > 0; --n) text += ":%3Ax"[random() % 5];
      return text;
    };
    a.emplace_back(part());
    b.emplace_back(part());
    pairs.emplace(*a.back(), *b.back());
  }
  const auto encoded = EncodeAll({{"a", Strings(a)}, {"b", Strings(b)}}, options, capabilities);
  const auto ids = Ids(*encoded);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), pairs.size());
}

TEST(DocumentEncoder, IdsOfEveryPlainTypeHaveOneText) {
  const auto id_of = [](const BuiltColumn& column) {
    const auto encoded = EncodeAll({{"id", column}}, IdOnly(), {});
    return encoded->documents.empty() ? "rejected: " + encoded->rejected[0].reason
                                      : std::string(encoded->documents[0].id);
  };
  EXPECT_EQ(id_of(Int8s({-5})), "-5");
  EXPECT_EQ(id_of(UInt64s({UINT64_MAX})), "18446744073709551615");
  EXPECT_EQ(id_of(Bools({true})), "true");
  EXPECT_EQ(id_of(Decimals(10, 2, {1250})), "12.5");
  EXPECT_EQ(id_of(Decimals(10, 4, {125000})), "12.5");
  EXPECT_EQ(id_of(Dates({0})), "1970-01-01");
  EXPECT_EQ(id_of(Timestamps(TimeUnit::kMicro, "UTC", {1})), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(id_of(Doubles({1.5})), "1.5");
  EXPECT_EQ(id_of(Doubles({std::nan("")})), "rejected: non_finite");
  EXPECT_EQ(id_of(Strings({"é\"\n"})), "é\"\n");
}

TEST(DocumentEncoder, BadIdsAreRejectedAndTheOthersFlow) {
  const auto encoded = EncodeAll(
      {{"id",
        Strings(
            {"good", std::nullopt, "", std::string(21, 'x'), "a/b", "\xff",
             "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"})}},
      IdOnly());
  EXPECT_THAT(Ids(*encoded), ElementsAre("good", "éééééééééé"));
  EXPECT_THAT(Reasons(*encoded), ElementsAre("id_null", "id_empty", "id_too_long",
                                             "id_forbidden_character", "invalid_utf8"));
  EXPECT_EQ(encoded->rejected[0].key, "[[],null]");
  EXPECT_THAT(encoded->rejected[2].message, HasSubstr("21 bytes; the destination takes 20"));
  EXPECT_THAT(encoded->rejected[3].message, HasSubstr("\"a/b\" holds '/'"));
  EXPECT_EQ(encoded->rows_read, 7u);
}

TEST(DocumentEncoder, ForbiddenCharactersAreFoundAtEveryPlaceOfAnId) {
  Capabilities capabilities = DoubleStore();
  capabilities.limits.id_bytes_max = 100;
  Values<std::string> ids;
  for (size_t size = 1; size <= 50; ++size) {
    for (size_t place = 0; place < size; ++place) {
      std::string id(size, 'x');
      id[place] = "/\\?#"[(size + place) % 4];
      ids.emplace_back(id);
    }
    ids.emplace_back(std::string(size, 'x'));
  }
  const auto encoded = EncodeAll({{"id", Strings(ids)}}, IdOnly(), capabilities);
  EXPECT_EQ(encoded->documents.size(), 50u);
  EXPECT_THAT(Reasons(*encoded), ::testing::Each("id_forbidden_character"));
}

TEST(DocumentEncoder, ForbiddenCharactersCanBeEscapedReversibly) {
  DocumentOptions options = IdOnly();
  options.id_escaping = IdEscaping::kPercent;
  const auto encoded = EncodeAll({{"id", Strings({"a/b?#\\", "a%2Fb", "plain"})}}, options);
  EXPECT_THAT(Ids(*encoded), ElementsAre("a%2Fb%3F%23%5C", "a%252Fb", "plain"));
  EXPECT_EQ(encoded->documents[0].body, R"({"id":"a%2Fb%3F%23%5C"})");
}

TEST(DocumentEncoder, ThePartitionKeyIsWhatTheDocumentCarries) {
  DocumentOptions options = IdOnly();
  options.fields = {{"place.city", "city"}};
  options.partition_key_paths = {"/place/city", "/n", "/address/zip"};
  const auto encoded = EncodeAll(
      {{"id", Strings({"1", "2", "3"})},
       {"city", Strings({"B\"n", std::nullopt, ""})},
       {"n", Doubles({5, -0.0, 1.25})},
       {"address", Structs({{"zip", Int32s({1, std::nullopt, 3})}}, {true, true, false})}},
      options);
  EXPECT_THAT(Keys(*encoded),
              ElementsAre(R"(["B\"n",5,1])", R"([null,0,null])", R"(["",1.25,{}])"));
  EXPECT_EQ(encoded->documents[2].body,
            R"({"id":"3","place":{"city":""},"n":1.25,"address":null})");
}

TEST(DocumentEncoder, AnOmittedNullIsAnAbsentPartitionKey) {
  DocumentOptions options = IdOnly();
  options.policy.nulls = NullPolicy::kOmit;
  options.partition_key_paths = {"/city"};
  const auto encoded =
      EncodeAll({{"id", Strings({"1"})}, {"city", Strings({std::nullopt})}}, options);
  EXPECT_THAT(Keys(*encoded), ElementsAre("[{}]"));
  EXPECT_THAT(Bodies(*encoded), ElementsAre(R"({"id":"1"})"));
}

TEST(DocumentEncoder, TheIdCanBeThePartitionKey) {
  DocumentOptions options;
  options.id_columns = {"a", "b"};
  options.partition_key_paths = {"/id"};
  const auto encoded = EncodeAll({{"a", Strings({"x"})}, {"b", Int64s({1})}}, options);
  EXPECT_THAT(Keys(*encoded), ElementsAre(R"(["x|1"])"));
  EXPECT_THAT(Ids(*encoded), ElementsAre("x|1"));
}

TEST(DocumentEncoder, PartitionKeyNumbersHaveTheTextThatAStoreOfDoublesGivesBack) {
  DocumentOptions options = IdOnly();
  options.partition_key_paths = {"/k"};
  options.policy.inexact_numbers = InexactNumberPolicy::kNumber;
  Capabilities capabilities = DoubleStore();
  capabilities.limits.partition_key_bytes_max = 100;
  const __int128 ten30 = static_cast<__int128>(1'000'000'000'000'000) * 1'000'000'000'000'000;
  for (const BuiltColumn& column :
       {Int64s({(int64_t{1} << 53) + 1}), Decimals(38, 0, {ten30}), Decimals(4, 2, {1250}),
        Int64s({7}), Doubles({1e21}), Floats({0.1f}), UInt64s({UINT64_MAX}), Int64s({INT64_MIN})}) {
    const auto encoded = EncodeAll({{"id", Strings({"1"})}, {"k", column}}, options, capabilities);
    const std::string key(encoded->documents[0].partition_key);
    EXPECT_EQ(key, *CanonicalPartitionKey(key));
    EXPECT_EQ(key, *PartitionKeyOf(encoded->documents[0].body, options.partition_key_paths));
  }
}

TEST(DocumentEncoder, LongAndNonFinitePartitionKeysAreRejected) {
  DocumentOptions options = IdOnly();
  options.partition_key_paths = {"/k", "/n"};
  const auto encoded =
      EncodeAll({{"id", Strings({"1", "2", "3", "4"})},
                 {"k", Strings({"0123456789", "01234567890", "\"\"\"\"\"\"\"\"\"\n", "x"})},
                 {"n", Doubles({1, 1, 1, std::nan("")})}},
                options);
  EXPECT_THAT(Ids(*encoded), ElementsAre("1", "3"));
  EXPECT_THAT(Reasons(*encoded), ElementsAre("partition_key_too_long", "non_finite"));
  EXPECT_EQ(encoded->rejected[0].key, R"([null,"2"])");
}

TEST(DocumentEncoder, IdentityIsTheHashOfPartitionKeyAndId) {
  DocumentOptions options = IdOnly();
  options.partition_key_paths = {"/k"};
  const auto encoded =
      EncodeAll({{"id", Strings({"1", "1"})}, {"k", Strings({"a", "b"})}}, options);
  EXPECT_EQ(encoded->documents[0].identity, DocumentIdentity(R"(["a"])", "1"));
  EXPECT_NE(encoded->documents[0].identity, encoded->documents[1].identity);
}

TEST(DocumentEncoder, DeletesCarryKeysAndNoBody) {
  DocumentOptions options = IdOnly();
  options.partition_key_paths = {"/k"};
  const std::vector<NamedColumn> columns{
      {"id", Strings({"1"})}, {"k", Strings({"a"})}, {"v", Doubles({std::nan("")})}};
  const auto encoded = EncodeAll(columns, options, DoubleStore(), Intent::kDelete);
  ASSERT_EQ(encoded->documents.size(), 1u);
  EXPECT_EQ(encoded->documents[0].intent, Intent::kDelete);
  EXPECT_EQ(encoded->documents[0].body, "");
  EXPECT_EQ(encoded->documents[0].identity, DocumentIdentity(R"(["a"])", "1"));
}

TEST(DocumentEncoder, LargeDocumentsAreRejectedByTheirBytes) {
  const auto with_text = [](size_t bytes) {
    // {"id":"1","v":""} is 17 bytes.
    return EncodeAll({{"id", Strings({"1"})}, {"v", Strings({std::string(bytes - 17, 'x')})}},
                     IdOnly());
  };
  EXPECT_EQ(with_text(1000)->documents.size(), 1u);
  EXPECT_THAT(Reasons(*with_text(1001)), ElementsAre("document_too_large"));
  EXPECT_EQ(with_text(1001)->rejected[0].key, R"([[],"1"])");
}

TEST(DocumentEncoder, TheEtagIsTakenOutOfTheDocumentWhereItIsMapped) {
  DocumentOptions options = IdOnly();
  options.fields = {{"_etag", "version"}};
  const auto encoded = EncodeAll(
      {{"id", Strings({"1", "2"})}, {"version", Strings({"\"00-1\"", std::nullopt})}}, options);
  EXPECT_EQ(encoded->documents[0].etag, "\"00-1\"");
  EXPECT_EQ(encoded->documents[1].etag, "");
  EXPECT_THAT(Bodies(*encoded), ElementsAre(R"({"id":"1"})", R"({"id":"2"})"));
}

TEST(DocumentEncoder, SystemFieldsAreRefusedUnlessMappedOnPurpose) {
  const std::vector<NamedColumn> columns{{"id", Strings({"1"})},
                                         {"_ts", Int64s({1})},
                                         {"_etag", Strings({"x"})},
                                         {"ttl", Int32s({5})}};
  EXPECT_THAT(MakeError(columns, IdOnly()),
              AllOf(HasSubstr("column \"_ts\""), HasSubstr("column \"_etag\""),
                    HasSubstr("column \"ttl\"")));
  DocumentOptions options = IdOnly();
  options.fields = {{"ttl", "ttl"}, {"changed", "_ts"}, {"_etag", "_etag"}};
  EXPECT_THAT(Bodies(*EncodeAll(columns, options)),
              ElementsAre(R"({"id":"1","changed":1,"ttl":5})"));
  options.fields = {{"_ts", "_ts"}, {"_etag", "_etag"}, {"ttl", "ttl"}};
  EXPECT_THAT(MakeError(columns, options),
              HasSubstr("the field \"_ts\" belongs to the destination"));
  EXPECT_THAT(Bodies(*EncodeAll({{"id", Strings({"1"})}, {"_ts", Int64s({1})}}, IdOnly(), {})),
              ElementsAre(R"({"id":"1","_ts":1})"));
}

TEST(DocumentEncoder, ConfigurationErrorsComeAllAtOnce) {
  DocumentOptions options;
  options.columns = {"id", "pricee", "m", "k", "dict"};
  options.fields = {{"x", "missing"}, {"a..b", "k"}, {"k", "id"}};
  options.id_columns = {"idd", "m"};
  options.id_separator = "/";
  options.partition_key_paths = {"nope", "/absent", "/m"};
  options.column_policies["ghost"] = {};
  options.filter = "pricee > 0";
  BuiltColumn half = Int16s({1});
  half.format = "e";
  const std::string error = MakeError({{"id", Strings({"1"})},
                                       {"price", Doubles({1})},
                                       {"k", Strings({"1"})},
                                       {"m", Maps(Lists(Int32s({}), {0}), Int32s({1}), {1})},
                                       {"dict", half}},
                                      options);
  EXPECT_THAT(error,
              AllOf(HasSubstr("no column \"pricee\"; did you mean \"price\"?"),
                    HasSubstr("documents.fields.x: the table has no column \"missing\""),
                    HasSubstr("\"a..b\" has an empty name"), HasSubstr("no column \"ghost\""),
                    HasSubstr("no column \"idd\"; did you mean \"id\"?"),
                    HasSubstr("a map with keys of type list<integer>"),
                    HasSubstr("column \"m\" is of type map")));
  EXPECT_THAT(error, AllOf(HasSubstr("column \"dict\": type half-precision float"),
                           HasSubstr("separator \"/\""), HasSubstr("\"nope\" is not like /name"),
                           HasSubstr("no column fills the path /absent"),
                           HasSubstr("source.filter: the table has no column \"pricee\"")));
}

TEST(DocumentEncoder, ConflictsBetweenFieldsAreErrors) {
  const std::vector<NamedColumn> columns{
      {"id", Strings({"1"})}, {"a", Int64s({1})}, {"b", Int64s({1})}};
  DocumentOptions options = IdOnly();
  options.fields = {{"b", "a"}};
  EXPECT_THAT(MakeError(columns, options), HasSubstr("two columns fill the field \"b\""));
  options.fields = {{"b.x", "a"}};
  EXPECT_THAT(MakeError(columns, options), HasSubstr("two columns fill"));
  options.fields = {{"id", "a"}};
  EXPECT_THAT(MakeError(columns, options), HasSubstr("column \"a\" would fill the field \"id\""));
  options = {};
  options.id_columns = {"a"};
  EXPECT_THAT(MakeError(columns, options), HasSubstr("column \"id\" would fill the field \"id\""));
  EXPECT_THAT(MakeError(columns, {}), HasSubstr("destination.id: names no column"));
  EXPECT_THAT(MakeError({{"id", Strings({"1"})}, {"a", Int64s({1})}, {"a", Int64s({1})}}, IdOnly()),
              HasSubstr("two columns named \"a\""));
}

TEST(DocumentEncoder, PartitionKeysMustBeSingleValues) {
  const std::vector<NamedColumn> columns{{"id", Strings({"1"})},
                                         {"s", Structs({{"x", Int64s({1})}})},
                                         {"l", Lists(Int64s({1}), {1})},
                                         {"m", Maps(Strings({"a"}), Int64s({1}), {1})}};
  DocumentOptions options = IdOnly();
  for (const char* path : {"/s", "/l", "/m", "/m/a", "/s/y", "/s/x/z", "/id/x"}) {
    options.partition_key_paths = {path};
    EXPECT_THAT(MakeError(columns, options), HasSubstr("destination.partition_key")) << path;
  }
  options.partition_key_paths = {"/s/x"};
  EXPECT_EQ(MakeError(columns, options), "");
}

TEST(DocumentEncoder, NestingBeyondTheLimitIsAConfigurationError) {
  BuiltColumn column = Int64s({1});
  for (int i = 0; i < 3; ++i) column = Lists(column, {1});
  EXPECT_EQ(MakeError({{"id", Strings({"1"})}, {"v", column}}, IdOnly()), "");
  column = Lists(column, {1});
  EXPECT_THAT(MakeError({{"id", Strings({"1"})}, {"v", column}}, IdOnly()),
              HasSubstr("deeper than the 4 levels"));
}

TEST(DocumentEncoder, FiltersRowsBeforeEncodingThem) {
  DocumentOptions options = IdOnly();
  options.filter = "price > 1";
  const auto encoded = EncodeAll(
      {{"id", Strings({"1", std::nullopt, "3", "4"})}, {"price", Doubles({2, 0, std::nullopt, 5})}},
      options);
  EXPECT_THAT(Ids(*encoded), ElementsAre("1", "4"));
  EXPECT_EQ(encoded->documents[1].row, 3u);
  EXPECT_EQ(encoded->rows_filtered, 2u);
  EXPECT_THAT(encoded->rejected, IsEmpty());
  EXPECT_EQ(encoded->rows_read, 4u);
}

TEST(DocumentEncoder, ReadsTheColumnsThatDocumentsKeysAndFilterNeed) {
  DocumentOptions options;
  EXPECT_THAT(*DocumentEncoder::ColumnsToRead(options), IsEmpty());
  options.columns = {"name"};
  options.id_columns = {"sku"};
  options.fields = {{"p", "price"}};
  options.filter = "a.b > 1 AND name = 'x' AND c IS NULL";
  EXPECT_THAT(*DocumentEncoder::ColumnsToRead(options),
              ElementsAre("name", "price", "sku", "a", "c"));
  options.filter = "a >";
  EXPECT_EQ(DocumentEncoder::ColumnsToRead(options).status().code(), StatusCode::kInvalidArgument);
}

TEST(DocumentEncoder, ColumnsReadForTheFilterAloneAreNotInTheDocument) {
  DocumentOptions options = IdOnly();
  options.columns = {"id"};
  options.filter = "hidden = 1";
  EXPECT_THAT(Bodies(*EncodeAll({{"id", Strings({"a"})}, {"hidden", Int64s({1})}}, options)),
              ElementsAre(R"({"id":"a"})"));
}

TEST(DocumentEncoder, SlicedBatchesEncodeTheirOwnRows) {
  const std::vector<NamedColumn> columns{{"id", Strings({"a", "b", "c", "d"})},
                                         {"v", Lists(Strings({"1", "2", "3"}), {1, 0, 2, 0})},
                                         {"f", Bools({true, false, std::nullopt, true})}};
  const Batch batch = SliceBatch(columns, 1, 2);
  const auto encoder = DocumentEncoder::Make(IdOnly(), batch.schema->get(), {});
  const auto encoded = (*encoder)->Encode(batch, Intent::kUpsert);
  EXPECT_THAT(Bodies(**encoded), ElementsAre(R"({"id":"b","v":[],"f":false})",
                                             R"({"id":"c","v":["2","3"],"f":null})"));
  EXPECT_EQ((*encoded)->rows_read, 2u);
}

TEST(DocumentEncoder, ABatchOfOtherTypesIsRefused) {
  const Batch schema = BuildBatch({{"id", Strings({"a"})}, {"v", Int64s({1})}});
  const auto encoder = DocumentEncoder::Make(IdOnly(), schema.schema->get(), {});
  for (const std::vector<NamedColumn>& columns :
       {std::vector<NamedColumn>{{"id", Strings({"a"})}, {"v", Int32s({1})}},
        {{"id", Strings({"a"})}, {"w", Int64s({1})}},
        {{"id", Strings({"a"})}}}) {
    EXPECT_EQ((*encoder)->Encode(BuildBatch(columns), Intent::kUpsert).status().code(),
              StatusCode::kDataLoss);
  }
}

TEST(DocumentEncoder, AnEmptyBatchGivesNoDocuments) {
  const auto encoded = EncodeAll({{"id", Strings({})}, {"v", Int64s({})}}, IdOnly());
  EXPECT_THAT(encoded->documents, IsEmpty());
  EXPECT_EQ(encoded->rows_read, 0u);
}

TEST(DocumentEncoder, ABatchInRecycledMemoryIsLikeOneInNewMemory) {
  const auto batch_of = [](std::string id, std::string text) {
    return BuildBatch({{"id", Strings({std::move(id)})}, {"v", Strings({std::move(text)})}});
  };
  const Batch schema = batch_of("a", "b");
  const auto encoder = DocumentEncoder::Make(IdOnly(), schema.schema->get(), {});
  const auto bodies_of = [&](const Batch& batch) {
    return Bodies(**(*encoder)->Encode(batch, Intent::kUpsert));
  };
  const std::string longer(30'000, 'l');
  EXPECT_THAT(bodies_of(batch_of("first", longer)),
              ElementsAre(R"({"id":"first","v":")" + longer + R"("})"));
  EXPECT_THAT(bodies_of(batch_of("b", "c")), ElementsAre(R"({"id":"b","v":"c"})"));
  const auto kept = (*encoder)->Encode(batch_of("kept", "k"), Intent::kUpsert);
  EXPECT_THAT(bodies_of(batch_of("d", longer)),
              ElementsAre(R"({"id":"d","v":")" + longer + R"("})"));
  EXPECT_THAT(Bodies(**kept), ElementsAre(R"({"id":"kept","v":"k"})"));
}

TEST(DocumentEncoder, RecycledMemoryDoesNotGrowFromBatchToBatch) {
  const auto batch_of = [](size_t size) {
    Values<std::string> ids, texts;
    for (int i = 0; i < 100; ++i) {
      ids.push_back(std::to_string(i));
      texts.push_back(std::string(size, 'x'));
    }
    return BuildBatch({{"id", Strings(ids)}, {"v", Strings(texts)}});
  };
  const Batch schema = batch_of(1);
  const auto encoder = DocumentEncoder::Make(IdOnly(), schema.schema->get(), {});
  // Written without an estimate; kept, so that its memory is not the next one's.
  const auto first = (*encoder)->Encode(batch_of(1'000), Intent::kUpsert);
  for (size_t size = 1'000; size < 1'300; size += 10) {
    const auto encoded = (*encoder)->Encode(batch_of(size), Intent::kUpsert);
    EXPECT_LE((*encoded)->bytes.capacity(), (*encoded)->bytes.size() * 5 / 4) << size;
  }
}

TEST(DocumentEncoder, GrowsFarBeyondItsFirstEstimate) {
  Values<std::string> ids, texts;
  for (int i = 0; i < 300; ++i) {
    ids.push_back(std::to_string(i));
    texts.push_back(std::string(static_cast<size_t>(i) * 50, i % 2 == 0 ? '"' : 'x'));
  }
  const auto encoded = EncodeAll({{"id", Strings(ids)}, {"v", Strings(texts)}}, IdOnly(), {});
  ASSERT_EQ(encoded->documents.size(), 300u);
  for (size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(encoded->documents[i].id, std::to_string(i));
    EXPECT_TRUE(CanonicalHash(encoded->documents[i].body, {}).ok());
  }
}

}  // namespace
}  // namespace spillway
