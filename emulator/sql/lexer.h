// Lexer: query text to tokens.
#ifndef SPILLWAY_EMULATOR_SQL_LEXER_H_
#define SPILLWAY_EMULATOR_SQL_LEXER_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spillway::emulator::sql {

enum class TokenKind { kEnd, kIdentifier, kParameter, kNumber, kString, kSymbol };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // strings unescaped; parameters with '@'; symbols as written
  double number = 0;
  size_t position = 0;  // bytes from the start, for messages
};

// The last token is kEnd. Fails with kInvalidArgument.
Result<std::vector<Token>> Tokenize(std::string_view text);

// "Syntax error, incorrect syntax near 'x'." with where.
Status SyntaxError(std::string_view near, size_t position);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_LEXER_H_
