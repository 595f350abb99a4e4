// Damaged texts: what a broken server, proxy, disk or editor makes of a sound one, under a fixed
// seed. Parsers answer all of them with a value or with an error.
#ifndef SPILLWAY_BASE_TESTING_DAMAGED_H_
#define SPILLWAY_BASE_TESTING_DAMAGED_H_

#include <functional>
#include <random>
#include <string>
#include <string_view>

namespace spillway {

// Cuts, flips, doubles or overwrites a few bytes; overwrites with one of `awkward`.
inline std::string Damaged(std::string text, std::string_view awkward, std::minstd_rand& random) {
  for (uint32_t change = 0; change <= random() % 3 && !text.empty(); ++change) {
    const size_t at = random() % text.size();
    switch (random() % 5) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text.erase(at, random() % 12);
        break;
      case 2:
        text[at] = static_cast<char>(text[at] ^ (1 << (random() % 8)));
        break;
      case 3:
        text[at] = awkward[random() % awkward.size()];
        break;
      default:
        text.insert(at, text.substr(at, random() % 20));
        break;
    }
  }
  return text;
}

inline constexpr std::string_view kAwkwardInJson = "{}[]\",:\\0-9e.\xC3\xFF\n\x01tfn";

// The sound text first, then so many damaged ones.
inline void ForEachDamaged(const std::string& sound, std::string_view awkward, int count,
                           const std::function<void(const std::string&)>& parse) {
  std::minstd_rand random(20261121);
  parse(sound);
  for (int i = 0; i < count; ++i) parse(Damaged(sound, awkward, random));
}

}  // namespace spillway

#endif  // SPILLWAY_BASE_TESTING_DAMAGED_H_
