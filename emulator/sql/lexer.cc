#include "emulator/sql/lexer.h"

#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>

namespace spillway::emulator::sql {
namespace {

// Longest first.
constexpr std::array<std::string_view, 33> kSymbols = {
    ">>>", "<<", ">>", "<=", ">=", "<>", "!=", "||", "??", "=", "<", ">", "+", "-", "*", "/", "%",
    "&",   "|",  "^",  "~",  "(",  ")",  "[",  "]",  "{",  "}", ",", ".", ":", "?", "@", ";"};

bool IsNameStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
}
bool IsNamePart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    while (true) {
      SkipSpace();
      tokens.emplace_back();
      tokens.back().position = at_;
      if (at_ == text_.size()) return tokens;
      RETURN_IF_ERROR(Next(&tokens.back()));
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void SkipSpace() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else if (Peek() == '-' && Peek(1) == '-') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  Status Next(Token* token) {
    const char c = Peek();
    if (c == '"' || c == '\'') return String(c, token);
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number(token);
    if (c == '@' && IsNameStart(Peek(1))) {
      token->kind = TokenKind::kParameter;
      ++at_;
      token->text = "@" + Name();
      return Status::Ok();
    }
    if (IsNameStart(c)) {
      token->kind = TokenKind::kIdentifier;
      token->text = Name();
      return Status::Ok();
    }
    return Symbol(token);
  }

  std::string Name() {
    const size_t begin = at_;
    while (IsNamePart(Peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Status Symbol(Token* token) {
    for (const std::string_view symbol : kSymbols) {
      if (!text_.substr(at_).starts_with(symbol)) continue;
      token->kind = TokenKind::kSymbol;
      token->text = symbol == "<>" ? "!=" : symbol;
      at_ += symbol.size();
      return Status::Ok();
    }
    return SyntaxError(text_.substr(at_, 1), at_);
  }

  Status Number(Token* token) {
    const std::string rest(text_.substr(at_, 400));
    char* end = nullptr;
    token->kind = TokenKind::kNumber;
    token->number = std::strtod(rest.c_str(), &end);
    const size_t size = static_cast<size_t>(end - rest.c_str());
    if (size == 0 || IsNameStart(Peek(size))) return SyntaxError(rest.substr(0, size + 1), at_);
    token->text = rest.substr(0, size);
    at_ += size;
    return Status::Ok();
  }

  Status String(char quote, Token* token) {
    const size_t begin = at_++;
    token->kind = TokenKind::kString;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\') {
        RETURN_IF_ERROR(Escape(&token->text));
      } else {
        token->text.push_back(text_[at_++]);
      }
    }
    if (at_ == text_.size()) return SyntaxError(text_.substr(begin, 20), begin);
    ++at_;
    return Status::Ok();
  }

  Status Escape(std::string* out) {
    const size_t begin = at_;
    const char c = Peek(1);
    at_ += 2;
    switch (c) {
      case 'n':
        out->push_back('\n');
        return Status::Ok();
      case 't':
        out->push_back('\t');
        return Status::Ok();
      case 'r':
        out->push_back('\r');
        return Status::Ok();
      case 'b':
        out->push_back('\b');
        return Status::Ok();
      case 'f':
        out->push_back('\f');
        return Status::Ok();
      case '\\':
      case '/':
      case '"':
      case '\'':
        out->push_back(c);
        return Status::Ok();
      case 'u':
        break;
      default:
        return SyntaxError(text_.substr(begin, 2), begin);
    }
    std::optional<uint32_t> code = Hex4();
    if (!code) return SyntaxError(text_.substr(begin, 6), begin);
    if (*code >= 0xD800 && *code < 0xDC00 && Peek() == '\\' && Peek(1) == 'u') {
      at_ += 2;
      const auto low = Hex4();
      if (!low || *low < 0xDC00 || *low > 0xDFFF)
        return SyntaxError(text_.substr(begin, 12), begin);
      *code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    }
    if (*code >= 0xD800 && *code <= 0xDFFF) return SyntaxError(text_.substr(begin, 6), begin);
    AppendUtf8(*code, out);
    return Status::Ok();
  }

  std::optional<uint32_t> Hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      if (!std::isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
      const int digit = IsDigit(c) ? c - '0' : std::tolower(c) - 'a' + 10;
      code = code << 4 | static_cast<uint32_t>(digit);
    }
    return code;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Status SyntaxError(std::string_view near, size_t position) {
  return InvalidArgument("Syntax error, incorrect syntax near '" + std::string(near) +
                         "' at position " + std::to_string(position) + ".");
}

Result<std::vector<Token>> Tokenize(std::string_view text) {
  return Lexer(text).Run();
}

}  // namespace spillway::emulator::sql
