#include "cli/console.h"

#include <gtest/gtest.h>

#include <string>

namespace spillway {
namespace {

// Two temporary files in the place of the process's streams.
class Streams {
 public:
  Streams() : out_(std::tmpfile()), err_(std::tmpfile()) {}
  ~Streams() {
    std::fclose(out_);
    std::fclose(err_);
  }
  std::FILE* out() { return out_; }
  std::FILE* err() { return err_; }
  std::string Out() { return TextOf(out_); }
  std::string Err() { return TextOf(err_); }

 private:
  static std::string TextOf(std::FILE* file) {
    std::rewind(file);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    return text;
  }
  std::FILE* out_;
  std::FILE* err_;
};

TEST(Console, PutsResultsAndRemarksOnDifferentStreams) {
  Streams streams;
  Console console(false, false, streams.out(), streams.err());
  console.Print("result");
  console.Note("remark");
  console.Progress("10 %");
  EXPECT_EQ(streams.Out(), "result\n");
  EXPECT_EQ(streams.Err(), "remark\n10 %\n");
}

TEST(Console, RewritesProgressOnATerminalAlone) {
  Streams streams;
  Console console(false, true, streams.out(), streams.err());
  console.Progress("10 %");
  console.Progress("20 %");
  console.Print("done");
  EXPECT_EQ(streams.Err(), "10 %\r\x1b[2K20 %\r\x1b[2K");
}

TEST(Console, PrintsWhatFailedAndWhatIsNext) {
  Streams streams;
  Console console(false, false, streams.out(), streams.err());
  console.PrintError(NotFound("no table at ./lake/x").WithHint("spillway inspect ./lake"), 1);
  EXPECT_EQ(streams.Out(), "");
  EXPECT_EQ(streams.Err(), "spillway: no table at ./lake/x\n  next: spillway inspect ./lake\n");
}

TEST(Console, MakesTheErrorTheResultInJsonModeUnlessThereWasOne) {
  Streams first;
  Console console(true, false, first.out(), first.err());
  console.PrintError(NotFound("no table"), 1);
  EXPECT_EQ(first.Out(),
            "{\"error\":{\"code\":\"not found\",\"message\":\"no table\",\"exit_code\":1}}\n");
  Streams second;
  Console printed(true, false, second.out(), second.err());
  printed.Print("{\"matches\":false}");
  printed.PrintError(Status(StatusCode::kMismatch, "they differ"), 5);
  EXPECT_EQ(second.Out(), "{\"matches\":false}\n");
}

TEST(TextTable, AlignsColumnsByCharacters) {
  TextTable table;
  table.rows = {{"name", "rows"}, {"größe", "7"}, {"x", "1,000"}};
  table.right = {false, true};
  EXPECT_EQ(table.Render(), "name    rows\ngröße      7\nx      1,000\n");
}

}  // namespace
}  // namespace spillway
