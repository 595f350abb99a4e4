// Console: where a command's words go. The result is standard output; progress and errors are
// standard error. Colour and cursor movement only on a terminal, and never with NO_COLOR set
// (no-color.org).
#ifndef SPILLWAY_CLI_CONSOLE_H_
#define SPILLWAY_CLI_CONSOLE_H_

#include <cstdio>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace spillway {

// Used by one thread at a time.
class Console {
 public:
  // The process's own streams. `plain`: others write to standard error too, so that no line there
  // is rewritten.
  explicit Console(bool json, bool plain = false);
  // For tests.
  Console(bool json, bool terminal, std::FILE* out, std::FILE* err)
      : json_(json), terminal_(terminal), color_(false), out_(out), err_(err) {}

  bool json() const { return json_; }
  // Standard error is a terminal: a progress line may rewrite itself.
  bool terminal() const { return terminal_; }

  // A part of the result; ends the line.
  void Print(std::string_view text);
  // A remark that is not part of the result.
  void Note(std::string_view text);
  // The progress line: rewritten in place on a terminal, else a line of its own.
  void Progress(std::string_view text);
  // Somebody is there who can answer: standard input and standard error are a terminal.
  bool can_ask() const { return can_ask_; }
  // Asks on standard error; true for "y" or "yes". False for anything else, the end of the input,
  // and when a stop is requested. REQUIRES: can_ask().
  bool Ask(std::string_view question, const std::stop_token& stop);
  // What failed, where and why, and what to do next. In JSON mode the error is the result, unless
  // one was printed before.
  void PrintError(const Status& status, int exit_code);
  // False when a reader of standard output went away: the result is incomplete.
  bool Flush();

  std::string Bold(std::string_view text) const { return Styled("1", text); }
  std::string Dim(std::string_view text) const { return Styled("2", text); }

 private:
  std::string Styled(std::string_view code, std::string_view text) const;
  void ClearProgress();

  bool json_;
  bool terminal_;
  bool color_;
  bool can_ask_ = false;
  bool printed_ = false;
  bool progress_shown_ = false;
  std::FILE* out_;
  std::FILE* err_;
};

// Columns aligned for people; the first row is the heading. Numbers may be aligned to the right.
struct TextTable {
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> right;  // per column
  std::string Render() const;
};

}  // namespace spillway

#endif  // SPILLWAY_CLI_CONSOLE_H_
