#include "sources/delta/delta_retention.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>
#include <vector>

namespace spillway {
namespace {

using std::chrono::milliseconds;

constexpr const char* kLogSetting = "delta.logRetentionDuration";
constexpr const char* kFilesSetting = "delta.deletedFileRetentionDuration";
constexpr const char* kCleanupSetting = "delta.enableExpiredLogCleanup";
constexpr milliseconds kLogDefault = std::chrono::days(30);
constexpr milliseconds kFilesDefault = std::chrono::days(7);
constexpr int64_t kAmountMax = 100'000'000;  // of any unit: far below an overflow

constexpr std::array<std::pair<std::string_view, milliseconds>, 6> kUnits = {
    {{"millisecond", milliseconds(1)},
     {"second", std::chrono::seconds(1)},
     {"minute", std::chrono::minutes(1)},
     {"hour", std::chrono::hours(1)},
     {"day", std::chrono::days(1)},
     {"week", std::chrono::weeks(1)}}};

std::vector<std::string> LowerWords(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (!words.back().empty()) words.emplace_back();
    } else if (c != '\'') {  // INTERVAL '7' DAY
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::optional<milliseconds> Part(const std::string& amount, std::string_view unit) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(amount.data(), amount.data() + amount.size(), number);
  if (error != std::errc() || end != amount.data() + amount.size()) return std::nullopt;
  if (number < 0 || number > kAmountMax) return std::nullopt;
  if (unit.ends_with('s')) unit.remove_suffix(1);
  for (const auto& [name, length] : kUnits) {
    if (name == unit) return number * length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<milliseconds> ParseInterval(std::string_view text) {
  std::vector<std::string> words = LowerWords(text);
  if (!words.empty() && words.front() == "interval") words.erase(words.begin());
  if (words.empty() || words.size() % 2 != 0) return std::nullopt;
  milliseconds sum{0};
  for (size_t i = 0; i < words.size(); i += 2) {
    const std::optional<milliseconds> part = Part(words[i], words[i + 1]);
    if (!part.has_value()) return std::nullopt;
    sum += *part;
  }
  return sum;
}

std::optional<Retention> RetentionOf(const std::map<std::string, std::string>& properties,
                                     bool needs_old_files) {
  std::optional<Retention> shortest;
  const auto consider = [&](const char* setting, milliseconds otherwise) {
    const auto found = properties.find(setting);
    const auto kept_for =
        found == properties.end() ? std::optional(otherwise) : ParseInterval(found->second);
    if (!kept_for.has_value()) return;
    if (!shortest.has_value() || *kept_for < shortest->kept_for) shortest = {*kept_for, setting};
  };
  const auto cleanup = properties.find(kCleanupSetting);
  if (cleanup == properties.end() || cleanup->second != "false") {
    consider(kLogSetting, kLogDefault);
  }
  if (needs_old_files) consider(kFilesSetting, kFilesDefault);
  return shortest;
}

}  // namespace spillway
