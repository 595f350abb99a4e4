// TokenReader: the tokens of a query, taken one after the other.
#ifndef SPILLWAY_EMULATOR_SQL_TOKEN_READER_H_
#define SPILLWAY_EMULATOR_SQL_TOKEN_READER_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "emulator/sql/lexer.h"

namespace spillway::emulator::sql {

// Keywords and names of functions: in any case.
bool SameWord(std::string_view a, std::string_view b);

// What the parts of the parser stand on. REQUIRES: the last token is kEnd.
class TokenReader {
 protected:
  explicit TokenReader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& Peek(size_t ahead = 0) const;
  bool IsWord(std::string_view word, size_t ahead = 0) const;
  bool IsSymbol(std::string_view symbol, size_t ahead = 0) const;
  // A word of the language cannot be a name.
  bool IsReserved() const;
  bool IsName() const { return Peek().kind == TokenKind::kIdentifier && !IsReserved(); }

  // REQUIRES: the token is not kEnd.
  const Token& Take() { return tokens_[at_++]; }
  void Skip(size_t count = 1) { at_ += count; }
  // False, and nothing is taken, when it is something else.
  bool TakeWord(std::string_view word);
  bool TakeSymbol(std::string_view symbol);
  // A syntax error when it is something else.
  Status Expect(std::string_view symbol);
  Result<std::string> TakeName();
  // The syntax error that names the token at hand.
  Status Unexpected() const;

 private:
  const std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_TOKEN_READER_H_
