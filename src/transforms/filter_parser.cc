#include "transforms/filter_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "transforms/time_text.h"

namespace spillway {
namespace {

constexpr size_t kTextBytesMax = 64 << 10;
constexpr int kDepthMax = 100;

using Kind = Expression::Kind;

struct Token {
  enum class Kind : uint8_t { kWord, kQuotedName, kNumber, kString, kSymbol, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;  // of quoted ones: without the quotes; of a word: as written
  size_t at = 0;     // byte in the filter
};

Status ErrorAt(std::string_view text, size_t at, std::string_view what) {
  // One line of context, so that the caret stands right under long or multi-line filters.
  constexpr size_t kContextBytes = 60;
  const size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const size_t begin = std::max(line, at > kContextBytes ? at - kContextBytes : 0);
  const size_t end = std::min({text.find('\n', at), text.size(), at + kContextBytes});
  return InvalidArgument(fmt::format("source.filter: {} at character {}\n  {}\n  {:>{}}", what,
                                     at + 1, text.substr(begin, end - begin), '^', at - begin + 1));
}

bool IsWordStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    do {
      ASSIGN_OR_RETURN(Token token, Next());
      tokens.push_back(std::move(token));
    } while (tokens.back().kind != Token::Kind::kEnd);
    return tokens;
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  Result<Token> Next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    if (at_ == text_.size()) return Token{Token::Kind::kEnd, "", at_};
    const char c = Peek();
    if (IsWordStart(c))
      return TakeWhile(Token::Kind::kWord, [](char w) { return IsWordStart(w) || IsDigit(w); });
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return TakeNumber();
    if (c == '\'') return TakeQuoted(Token::Kind::kString, c);
    if (c == '"' || c == '`') return TakeQuoted(Token::Kind::kQuotedName, c);
    for (const std::string_view symbol :
         {"!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", "-", "+"}) {
      if (!text_.substr(at_).starts_with(symbol)) continue;
      at_ += symbol.size();
      return Token{Token::Kind::kSymbol, std::string(symbol), at_ - symbol.size()};
    }
    return ErrorAt(text_, at_, fmt::format("the character '{}' means nothing here", c));
  }

  template <typename Belongs>
  Token TakeWhile(Token::Kind kind, Belongs belongs) {
    const size_t begin = at_;
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    return {kind, std::string(text_.substr(begin, at_ - begin)), begin};
  }

  Result<Token> TakeNumber() {
    const size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.') ++at_;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      if (!IsDigit(Peek())) return ErrorAt(text_, at_, "an exponent needs digits");
      while (IsDigit(Peek())) ++at_;
    }
    if (IsWordStart(Peek())) return ErrorAt(text_, at_, "a number followed by a letter");
    return Token{Token::Kind::kNumber, std::string(text_.substr(begin, at_ - begin)), begin};
  }

  // A doubled quote stands for itself.
  Result<Token> TakeQuoted(Token::Kind kind, char quote) {
    Token token{kind, "", at_++};
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c != quote) {
        token.text += c;
      } else if (Peek() == quote) {
        token.text += quote;
        ++at_;
      } else {
        return token;
      }
    }
    return ErrorAt(text_, token.at, fmt::format("the quote {} is never closed", quote));
  }

  std::string_view text_;
  size_t at_ = 0;
};

Expression Node(Kind kind, std::vector<Expression> operands) {
  Expression node;
  node.kind = kind;
  node.operands = std::move(operands);
  return node;
}

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  Result<Expression> Run() {
    ASSIGN_OR_RETURN(Expression root, ParseOr());
    if (Now().kind != Token::Kind::kEnd) return Unexpected("AND, OR or the end");
    return root;
  }

 private:
  const Token& Now() const { return tokens_[at_]; }

  bool IsWord(std::string_view word, size_t ahead = 0) const {
    const Token& token = tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
    return token.kind == Token::Kind::kWord &&
           std::equal(token.text.begin(), token.text.end(), word.begin(), word.end(),
                      [](char a, char b) { return std::toupper(a) == b; });
  }
  bool TakeWord(std::string_view word) {
    if (!IsWord(word)) return false;
    ++at_;
    return true;
  }
  bool TakeSymbol(std::string_view symbol) {
    if (Now().kind != Token::Kind::kSymbol || Now().text != symbol) return false;
    ++at_;
    return true;
  }

  Status Unexpected(std::string_view expected) const {
    const std::string found = Now().kind == Token::Kind::kEnd
                                  ? "the filter ends"
                                  : fmt::format("\"{}\" stands", Now().text);
    return ErrorAt(text_, Now().at, fmt::format("{} where {} is expected", found, expected));
  }

  Result<Expression> ParseOr() {
    std::vector<Expression> operands;
    do {
      ASSIGN_OR_RETURN(Expression operand, ParseAnd());
      operands.push_back(std::move(operand));
    } while (TakeWord("OR"));
    return operands.size() == 1 ? std::move(operands[0]) : Node(Kind::kOr, std::move(operands));
  }

  Result<Expression> ParseAnd() {
    std::vector<Expression> operands;
    do {
      ASSIGN_OR_RETURN(Expression operand, ParseNot());
      operands.push_back(std::move(operand));
    } while (TakeWord("AND"));
    return operands.size() == 1 ? std::move(operands[0]) : Node(Kind::kAnd, std::move(operands));
  }

  Result<Expression> ParseNot() {
    if (depth_ >= kDepthMax) {
      return ErrorAt(text_, Now().at, fmt::format("nested deeper than {} levels", kDepthMax));
    }
    ++depth_;
    auto result = TakeWord("NOT") ? Negate(ParseNot()) : ParsePredicate();
    --depth_;
    return result;
  }

  static Result<Expression> Negate(Result<Expression> inner) {
    if (!inner.ok()) return inner;
    return Node(Kind::kNot, {*std::move(inner)});
  }

  Result<Expression> ParsePredicate() {
    if (TakeSymbol("(")) {
      ASSIGN_OR_RETURN(Expression inner, ParseOr());
      if (!TakeSymbol(")")) return Unexpected("a closing parenthesis");
      return inner;
    }
    ASSIGN_OR_RETURN(Expression left, ParseOperand());
    if (TakeWord("IS")) {
      const bool negated = TakeWord("NOT");
      if (!TakeWord("NULL")) return Unexpected("NULL");
      Expression test = Node(Kind::kIsNull, {std::move(left)});
      return negated ? Node(Kind::kNot, {std::move(test)}) : std::move(test);
    }
    const bool negated = IsWord("NOT") && (IsWord("IN", 1) || IsWord("BETWEEN", 1));
    if (negated) ++at_;
    if (TakeWord("IN")) return Wrap(negated, ParseIn(std::move(left)));
    if (TakeWord("BETWEEN")) return Wrap(negated, ParseBetween(std::move(left)));
    return ParseComparison(std::move(left));
  }

  static Result<Expression> Wrap(bool negated, Result<Expression> inner) {
    return negated ? Negate(std::move(inner)) : std::move(inner);
  }

  Result<Expression> ParseIn(Expression left) {
    if (!TakeSymbol("(")) return Unexpected("a list in parentheses");
    std::vector<Expression> tests;
    do {
      ASSIGN_OR_RETURN(Expression right, ParseOperand());
      tests.push_back(Node(Kind::kEqual, {left, std::move(right)}));
    } while (TakeSymbol(","));
    if (!TakeSymbol(")")) return Unexpected("a comma or a closing parenthesis");
    return tests.size() == 1 ? std::move(tests[0]) : Node(Kind::kOr, std::move(tests));
  }

  Result<Expression> ParseBetween(Expression left) {
    ASSIGN_OR_RETURN(Expression low, ParseOperand());
    if (!TakeWord("AND")) return Unexpected("AND");
    ASSIGN_OR_RETURN(Expression high, ParseOperand());
    Expression above = Node(Kind::kGreaterOrEqual, {left, std::move(low)});
    Expression below = Node(Kind::kLessOrEqual, {std::move(left), std::move(high)});
    return Node(Kind::kAnd, {std::move(above), std::move(below)});
  }

  Result<Expression> ParseComparison(Expression left) {
    constexpr std::pair<std::string_view, Kind> kOperators[] = {
        {"=", Kind::kEqual},        {"!=", Kind::kNotEqual},       {"<>", Kind::kNotEqual},
        {"<=", Kind::kLessOrEqual}, {">=", Kind::kGreaterOrEqual}, {"<", Kind::kLess},
        {">", Kind::kGreater}};
    for (const auto& [symbol, kind] : kOperators) {
      if (!TakeSymbol(symbol)) continue;
      ASSIGN_OR_RETURN(Expression right, ParseOperand());
      return Node(kind, {std::move(left), std::move(right)});
    }
    return left;  // a boolean column, or TRUE
  }

  Result<Expression> ParseOperand() {
    const Token token = Now();
    switch (token.kind) {
      case Token::Kind::kNumber:
        ++at_;
        return MakeLiteral(NumberLiteral{token.text});
      case Token::Kind::kString:
        ++at_;
        return MakeLiteral(token.text);
      case Token::Kind::kQuotedName:
        return ParseColumn();
      case Token::Kind::kSymbol:
        if (token.text == "-" || token.text == "+") return ParseSigned();
        break;
      case Token::Kind::kWord:
        return ParseWord();
      case Token::Kind::kEnd:
        break;
    }
    return Unexpected("a column or a value");
  }

  static Result<Expression> MakeLiteral(Literal value) {
    Expression node;
    node.literal = std::move(value);
    return node;
  }

  Result<Expression> ParseSigned() {
    const bool negative = Now().text == "-";
    ++at_;
    if (Now().kind != Token::Kind::kNumber) return Unexpected("a number");
    const std::string digits = tokens_[at_++].text;
    return MakeLiteral(NumberLiteral{negative ? "-" + digits : digits});
  }

  Result<Expression> ParseWord() {
    if (IsWord("NULL")) {
      return ErrorAt(text_, Now().at, "nothing equals NULL: use IS NULL, not a value");
    }
    for (const char* word : {"AND", "OR", "NOT", "IN", "IS", "BETWEEN"}) {
      if (IsWord(word)) return Unexpected("a column or a value");
    }
    if (TakeWord("TRUE")) return MakeLiteral(true);
    if (TakeWord("FALSE")) return MakeLiteral(false);
    const bool string_follows = tokens_[at_ + 1].kind == Token::Kind::kString;
    if (string_follows && IsWord("DATE")) return ParseTime(true);
    if (string_follows && IsWord("TIMESTAMP")) return ParseTime(false);
    return ParseColumn();
  }

  Result<Expression> ParseTime(bool date) {
    ++at_;
    const Token token = tokens_[at_++];
    if (date) {
      const auto days = ParseDate(token.text);
      if (!days)
        return ErrorAt(text_, token.at, "a date is written '2024-01-31', which this is not,");
      return MakeLiteral(DateLiteral{*days});
    }
    const auto micros = ParseTimestamp(token.text);
    if (!micros) {
      return ErrorAt(text_, token.at,
                     "a timestamp is written '2024-01-31 23:59:59.123456', which this is not,");
    }
    return MakeLiteral(TimestampLiteral{*micros});
  }

  Result<Expression> ParseColumn() {
    Expression node;
    node.kind = Kind::kColumn;
    do {
      if (Now().kind != Token::Kind::kWord && Now().kind != Token::Kind::kQuotedName) {
        return Unexpected("a column name");
      }
      node.column.push_back(tokens_[at_++].text);
    } while (TakeSymbol("."));
    return node;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Expression> ParseFilter(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return InvalidArgument(fmt::format("source.filter: longer than {} bytes", kTextBytesMax));
  }
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Lexer(text).Run());
  return Parser(text, std::move(tokens)).Run();
}

}  // namespace spillway
