#include "emulator/sql/token_reader.h"

#include <strings.h>

#include <algorithm>
#include <array>

namespace spillway::emulator::sql {
namespace {

constexpr std::array<std::string_view, 29> kReserved = {
    "SELECT", "VALUE", "DISTINCT", "TOP",  "FROM",  "IN",        "JOIN", "WHERE",  "GROUP",   "BY",
    "ORDER",  "ASC",   "DESC",     "AND",  "OR",    "NOT",       "LIKE", "ESCAPE", "BETWEEN", "AS",
    "EXISTS", "ARRAY", "NULL",     "TRUE", "FALSE", "UNDEFINED", "UDF",  "OFFSET", "LIMIT"};

}  // namespace

bool SameWord(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

const Token& TokenReader::Peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool TokenReader::IsWord(std::string_view word, size_t ahead) const {
  return Peek(ahead).kind == TokenKind::kIdentifier && SameWord(Peek(ahead).text, word);
}

bool TokenReader::IsSymbol(std::string_view symbol, size_t ahead) const {
  return Peek(ahead).kind == TokenKind::kSymbol && Peek(ahead).text == symbol;
}

bool TokenReader::IsReserved() const {
  return std::any_of(kReserved.begin(), kReserved.end(),
                     [&](std::string_view word) { return SameWord(word, Peek().text); });
}

bool TokenReader::TakeWord(std::string_view word) {
  if (!IsWord(word)) return false;
  Skip();
  return true;
}

bool TokenReader::TakeSymbol(std::string_view symbol) {
  if (!IsSymbol(symbol)) return false;
  Skip();
  return true;
}

Status TokenReader::Expect(std::string_view symbol) {
  return TakeSymbol(symbol) ? Status::Ok() : Unexpected();
}

Result<std::string> TokenReader::TakeName() {
  if (!IsName()) return Unexpected();
  return Take().text;
}

Status TokenReader::Unexpected() const {
  return SyntaxError(Peek().kind == TokenKind::kEnd ? "end of query" : Peek().text,
                     Peek().position);
}

}  // namespace spillway::emulator::sql
