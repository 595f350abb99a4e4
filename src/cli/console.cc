#include "cli/console.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/json_writer.h"

namespace spillway {
namespace {

bool NoColor() {
  const char* value = std::getenv("NO_COLOR");
  return value != nullptr && *value != '\0';
}

bool IsTerminal(int descriptor) {
  const char* term = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Indented(std::string_view text, std::string_view indent) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out;
}

}  // namespace

Console::Console(bool json, bool plain)
    : json_(json),
      terminal_(IsTerminal(STDERR_FILENO) && !plain),
      color_(IsTerminal(STDOUT_FILENO) && !NoColor()),
      can_ask_(IsTerminal(STDERR_FILENO) && ::isatty(STDIN_FILENO) == 1),
      out_(stdout),
      err_(stderr) {}

void Console::Print(std::string_view text) {
  ClearProgress();
  printed_ = true;
  std::fwrite(text.data(), 1, text.size(), out_);
  if (!text.ends_with('\n')) std::fputc('\n', out_);
}

void Console::Note(std::string_view text) {
  ClearProgress();
  std::fwrite(text.data(), 1, text.size(), err_);
  if (!text.ends_with('\n')) std::fputc('\n', err_);
  std::fflush(err_);
}

void Console::Progress(std::string_view text) {
  if (!terminal_) return Note(text);
  ClearProgress();
  std::fwrite(text.data(), 1, text.size(), err_);
  std::fflush(err_);
  progress_shown_ = true;
}

bool Console::Ask(std::string_view question, const std::stop_token& stop) {
  constexpr int kLookAgainMs = 200;
  constexpr size_t kAnswerBytesMax = 64;
  ClearProgress();
  std::fwrite(question.data(), 1, question.size(), err_);
  std::fputs(" [y/N] ", err_);
  std::fflush(err_);
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  while (!stop.stop_requested()) {
    if (::poll(&input, 1, kLookAgainMs) <= 0) continue;
    char answer[kAnswerBytesMax];
    const ssize_t size = ::read(STDIN_FILENO, answer, sizeof(answer));
    const std::string_view text(answer, size > 0 ? static_cast<size_t>(size) : 0);
    return text == "y\n" || text == "Y\n" || text == "yes\n" || text == "Yes\n";
  }
  return false;
}

void Console::PrintError(const Status& status, int exit_code) {
  if (json_ && !printed_) {
    JsonWriter json;
    json.BeginObject().Key("error").BeginObject();
    json.Field("code", StatusCodeName(status.code())).Field("message", status.message());
    if (!status.hint().empty()) json.Field("next", status.hint());
    json.Field("exit_code", static_cast<int64_t>(exit_code)).EndObject().EndObject();
    Print(json.text());
  }
  std::string text = fmt::format("spillway: {}", Indented(status.message(), "  "));
  if (!status.hint().empty()) text += fmt::format("\n  next: {}", status.hint());
  Note(text);
}

bool Console::Flush() {
  ClearProgress();
  return std::fflush(out_) == 0 && std::ferror(out_) == 0;
}

std::string Console::Styled(std::string_view code, std::string_view text) const {
  if (!color_) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void Console::ClearProgress() {
  if (!progress_shown_) return;
  std::fputs("\r\x1b[2K", err_);
  progress_shown_ = false;
}

std::string TextTable::Render() const {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - Width(row[i]), ' ');
      const bool to_the_right = i < right.size() && right[i];
      if (i > 0) line += "  ";
      line += to_the_right ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace spillway
