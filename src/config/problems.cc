#include "config/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

namespace spillway {
namespace {

std::string_view LineOf(std::string_view text, uint32_t line) {
  size_t begin = 0;
  for (uint32_t at = 1; at < line; ++at) {
    const size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return {};
    begin = end + 1;
  }
  std::string_view found = text.substr(begin, text.find('\n', begin) - begin);
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

// Blanks as wide as the first `columns` characters of `line`; tabs stay tabs so that the caret
// lines up.
std::string Padding(std::string_view line, uint32_t columns) {
  std::string padding;
  uint32_t column = 0;
  for (const char c : line) {
    const bool continuation = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (continuation) continue;
    if (column++ == columns) break;
    padding += c == '\t' ? '\t' : ' ';
  }
  padding.append(columns > column ? columns - column : 0, ' ');
  return padding;
}

// Account keys are 88 characters of base64; nothing else in a configuration looks like that.
constexpr size_t kKeyCharactersMin = 60;

std::string WithoutKeys(std::string_view line) {
  std::string shown(line);
  size_t run = 0;
  for (size_t i = 0; i <= line.size(); ++i) {
    const bool base64 =
        i < line.size() && (std::isalnum(static_cast<unsigned char>(line[i])) != 0 ||
                            line[i] == '+' || line[i] == '/' || line[i] == '=');
    if (base64) {
      ++run;
      continue;
    }
    if (run >= kKeyCharactersMin) std::fill_n(shown.begin() + static_cast<long>(i - run), run, '*');
    run = 0;
  }
  return shown;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = std::tolower(static_cast<unsigned char>(a[i - 1])) ==
                        std::tolower(static_cast<unsigned char>(b[j - 1]));
      const size_t replaced = diagonal + (same ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

void Problems::Add(YamlPlace place, std::string message, std::string advice) {
  problems_.push_back({place, std::move(message), std::move(advice), false});
}

void Problems::AddSecret(YamlPlace place, std::string message, std::string advice) {
  problems_.push_back({place, std::move(message), std::move(advice), true});
}

Status Problems::ToStatus(const YamlDocument& document) const {
  if (problems_.empty()) return Status::Ok();
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  // A line that holds a secret is not shown for its other problems either.
  std::set<uint64_t> secret_lines;
  for (const Problem& problem : sorted) {
    if (problem.secret) secret_lines.insert(problem.place.line);
  }
  std::string message;
  for (Problem& problem : sorted) {
    problem.secret = secret_lines.contains(problem.place.line);
    if (!message.empty()) message += '\n';
    message += RenderProblem(problem, document.path, document.text);
  }
  return InvalidArgument(std::move(message));
}

std::string RenderProblem(const Problem& problem, std::string_view path, std::string_view text) {
  const YamlPlace& at = problem.place;
  std::string out = at.line == 0
                        ? fmt::format("{}: {}", path, problem.message)
                        : fmt::format("{}:{}:{}: {}", path, at.line, at.column, problem.message);
  if (at.line > 0 && !problem.secret) {
    const std::string line = WithoutKeys(LineOf(text, at.line));
    const uint32_t before = at.column > 0 ? at.column - 1 : 0;
    const std::string carets(std::max<uint32_t>(at.width, 1), '^');
    out += fmt::format("\n{:>6} | {}\n       | {}{}", at.line, line, Padding(line, before), carets);
  }
  if (!problem.advice.empty()) out += fmt::format("\n         {}", problem.advice);
  return out;
}

std::string NearestName(std::string_view word, std::span<const std::string> candidates) {
  const size_t distance_max = std::max<size_t>(1, std::min<size_t>(3, word.size() / 3 + 1));
  std::string nearest;
  size_t best = distance_max + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace spillway
