// How differences between source and destination are told, in text and in JSON.
#ifndef SPILLWAY_CLI_DIFFERENCE_WORDS_H_
#define SPILLWAY_CLI_DIFFERENCE_WORDS_H_

#include <span>

#include "base/json_writer.h"
#include "cli/console.h"
#include "verify/difference.h"

namespace spillway {

// One line each, and how many of `all` there are besides.
void PrintDifferences(std::span<const Difference> differences, uint64_t all, Console& console);

// An array of objects.
void WriteDifferences(JsonWriter& json, std::span<const Difference> differences);

}  // namespace spillway

#endif  // SPILLWAY_CLI_DIFFERENCE_WORDS_H_
