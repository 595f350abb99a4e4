// What one core turns from Arrow columns into JSON documents, in bytes of JSON per second.
//
//   cmake --preset release && ninja -C build/release encoder_bench
//   build/release/test/bench/encoder_bench
//
// S: about 0.35 KB, 11 columns. M: 1 KB, 25 mixed columns, 10 % nulls, a struct and a list. L: 10
// KB, 100 columns. Every value differs from row to row; one string in sixteen has letters beyond
// ASCII, one in thirty-two has characters that JSON escapes. The destination keeps numbers as
// doubles and forbids characters in ids, as Cosmos DB does.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>

#include "base/check.h"
#include "columns/array_builder.h"
#include "transforms/document_encoder.h"

namespace spillway {
namespace {

class Rows {
 public:
  Rows(size_t rows, double null_share) : rows_(rows), null_share_(null_share) {}

  size_t rows() const { return rows_; }
  uint64_t Random() { return random_(); }

  template <typename Make>
  auto Column(Make make) {
    Values<decltype(make())> values;
    for (size_t i = 0; i < rows_; ++i) {
      values.push_back(IsNull() ? std::nullopt : std::optional(make()));
    }
    return values;
  }

  std::string Text(size_t length) {
    static constexpr char kLetters[] = "etaoinshrdlucmfwypvbgk ETAOIN 0123456789-,.";
    std::string text;
    while (text.size() < length) text += kLetters[Random() % (sizeof(kLetters) - 1)];
    if (length > 8 && Random() % 16 == 0) text.replace(length / 2, 2, "é");
    if (length > 8 && Random() % 32 == 0) text[length / 3] = '"';
    return text;
  }
  BuiltColumn Texts(size_t length_min, size_t length_max) {
    return Strings(
        Column([&] { return Text(length_min + Random() % (length_max - length_min + 1)); }));
  }
  BuiltColumn Keys() {
    Values<std::string> ids;
    for (size_t i = 0; i < rows_; ++i) {
      const uint64_t a = Random();
      const uint64_t b = Random();
      ids.push_back(fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, a >> 16 & 0xffff,
                                a & 0xffff, b >> 48, b & 0xffffffffffff));
    }
    return Strings(ids);
  }
  BuiltColumn Prices() {
    return Doubles(Column([&] { return static_cast<double>(Random() % 1'000'000) / 100; }));
  }
  BuiltColumn Measures() {
    return Doubles(Column([&] { return static_cast<double>(Random() >> 11) * 0x1p-53; }));
  }
  BuiltColumn Counts(uint64_t below) {
    return Int32s(Column([&] { return static_cast<int32_t>(Random() % below); }));
  }
  BuiltColumn Longs() {
    return Int64s(Column([&] { return static_cast<int64_t>(Random() % 1'000'000'000'000); }));
  }
  BuiltColumn Flags() {
    return Bools(Column([&] { return Random() % 2 == 0; }));
  }
  BuiltColumn Times() {
    return Timestamps(
        TimeUnit::kMicro, "UTC", Column([&] {
          return static_cast<int64_t>(1'600'000'000'000'000 + Random() % 100'000'000'000'000);
        }));
  }
  BuiltColumn Days() {
    return Dates(Column([&] { return static_cast<int32_t>(15'000 + Random() % 5'000); }));
  }
  BuiltColumn Amounts() {
    return Decimals(12, 2, Column([&] { return static_cast<__int128>(Random() % 10'000'000); }));
  }
  BuiltColumn TextLists() {
    Values<int32_t> sizes;
    Values<std::string> elements;
    for (size_t i = 0; i < rows_; ++i) {
      sizes.push_back(static_cast<int32_t>(Random() % 5));
      for (int32_t j = 0; j < *sizes.back(); ++j) elements.push_back(Text(6 + Random() % 6));
    }
    return Lists(Strings(elements), sizes);
  }

 private:
  bool IsNull() { return static_cast<double>(Random() >> 11) * 0x1p-53 < null_share_; }

  size_t rows_;
  double null_share_;
  std::mt19937_64 random_{42};
};

std::vector<NamedColumn> Small() {
  Rows rows(8192, 0);
  return {{"id", rows.Keys()},
          {"category", rows.Texts(6, 14)},
          {"name", rows.Texts(15, 35)},
          {"sku", rows.Texts(10, 12)},
          {"price", rows.Prices()},
          {"quantity", rows.Counts(1000)},
          {"active", rows.Flags()},
          {"created", rows.Times()},
          {"released", rows.Days()},
          {"rating", rows.Counts(5)},
          {"description", rows.Texts(60, 100)}};
}

std::vector<NamedColumn> Medium() {
  Rows rows(4096, 0.1);
  std::vector<NamedColumn> columns{{"id", rows.Keys()}};
  Rows keys(4096, 0);
  columns.emplace_back("category", keys.Texts(6, 14));
  for (int i = 0; i < 5; ++i) columns.emplace_back(fmt::format("text{}", i), rows.Texts(10, 60));
  for (int i = 0; i < 3; ++i) columns.emplace_back(fmt::format("price{}", i), rows.Prices());
  for (int i = 0; i < 3; ++i) columns.emplace_back(fmt::format("count{}", i), rows.Counts(100'000));
  for (int i = 0; i < 2; ++i) columns.emplace_back(fmt::format("long{}", i), rows.Longs());
  for (int i = 0; i < 2; ++i) columns.emplace_back(fmt::format("flag{}", i), rows.Flags());
  for (int i = 0; i < 2; ++i) columns.emplace_back(fmt::format("time{}", i), rows.Times());
  columns.emplace_back("day", rows.Days());
  columns.emplace_back("amount", rows.Amounts());
  columns.emplace_back("measure", rows.Measures());
  columns.emplace_back("description", rows.Texts(150, 250));
  columns.emplace_back("notes", rows.Texts(60, 120));
  columns.emplace_back("address", Structs({{"street", rows.Texts(10, 25)},
                                           {"city", rows.Texts(6, 15)},
                                           {"zip", rows.Counts(99'999)}}));
  columns.emplace_back("tags", rows.TextLists());
  return columns;
}

std::vector<NamedColumn> Large() {
  Rows rows(512, 0);
  std::vector<NamedColumn> columns{{"id", rows.Keys()}, {"category", rows.Texts(6, 14)}};
  for (int i = 0; i < 43; ++i) columns.emplace_back(fmt::format("text{}", i), rows.Texts(100, 280));
  for (int i = 0; i < 15; ++i) columns.emplace_back(fmt::format("price{}", i), rows.Prices());
  for (int i = 0; i < 10; ++i)
    columns.emplace_back(fmt::format("count{}", i), rows.Counts(1'000'000));
  for (int i = 0; i < 10; ++i) columns.emplace_back(fmt::format("time{}", i), rows.Times());
  for (int i = 0; i < 5; ++i) columns.emplace_back(fmt::format("day{}", i), rows.Days());
  for (int i = 0; i < 10; ++i) columns.emplace_back(fmt::format("amount{}", i), rows.Amounts());
  for (int i = 0; i < 5; ++i) columns.emplace_back(fmt::format("flag{}", i), rows.Flags());
  return columns;
}

void Encode(benchmark::State& state, const std::vector<NamedColumn>& columns) {
  const Batch batch = BuildBatch(columns);
  DocumentOptions options;
  options.id_columns = {"id"};
  options.partition_key_paths = {"/category"};
  Capabilities capabilities;
  capabilities.keeps_numbers_exactly = false;
  capabilities.limits.document_bytes_max = 2 << 20;
  capabilities.limits.id_bytes_max = 1023;
  capabilities.limits.partition_key_bytes_max = 2048;
  capabilities.limits.id_forbidden = "/\\?#";
  const auto encoder = DocumentEncoder::Make(options, batch.schema->get(), capabilities);
  SPILLWAY_CHECK(encoder.ok());
  uint64_t bytes = 0;
  for (auto _ : state) {
    const auto encoded = (*encoder)->Encode(batch, Intent::kUpsert);
    SPILLWAY_CHECK(encoded.ok() && (*encoded)->rejected.empty());
    bytes = 0;
    for (const Document& document : (*encoded)->documents) bytes += document.body.size();
    benchmark::DoNotOptimize(*encoded);
  }
  const auto documents = static_cast<uint64_t>(batch.rows());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * documents));
  state.counters["bytes_per_document"] =
      static_cast<double>(bytes) / static_cast<double>(documents);
  state.counters["columns"] = static_cast<double>(columns.size());
}

BENCHMARK_CAPTURE(Encode, S, Small());
BENCHMARK_CAPTURE(Encode, M, Medium());
BENCHMARK_CAPTURE(Encode, L, Large());

}  // namespace
}  // namespace spillway
