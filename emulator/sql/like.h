// LIKE: % any run, _ any character, [abc] [a-z] [^a] a set; an escape character takes their meaning
// away.
#ifndef SPILLWAY_EMULATOR_SQL_LIKE_H_
#define SPILLWAY_EMULATOR_SQL_LIKE_H_

#include <string_view>

namespace spillway::emulator::sql {

// `escape` is empty or one character. Time is bounded by text × pattern.
bool MatchesLike(std::string_view text, std::string_view pattern, std::string_view escape);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_LIKE_H_
