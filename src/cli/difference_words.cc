#include "cli/difference_words.h"

#include <fmt/format.h>

#include "base/human.h"
#include "verify/report_file.h"

namespace spillway {

void PrintDifferences(std::span<const Difference> differences, uint64_t all, Console& console) {
  for (const Difference& difference : differences) {
    const std::string by = difference.written_by.empty()
                               ? std::string()
                               : fmt::format("  written by {}", difference.written_by);
    console.Print(fmt::format("  {:<9}  {} {}  {}{}", DifferenceName(difference.kind),
                              difference.partition_key, JsonQuoted(difference.id),
                              fmt::join(difference.fields, ", "), by));
  }
  if (all > differences.size()) {
    console.Print(fmt::format("  and {} more", HumanCount(all - differences.size())));
  }
}

void WriteDifferences(JsonWriter& json, std::span<const Difference> differences) {
  json.BeginArray();
  for (const Difference& difference : differences) WriteDifference(difference, json);
  json.EndArray();
}

}  // namespace spillway
