#include "emulator/sql/ast.h"

namespace spillway::emulator::sql {

// Here, where Query is complete.
Expression::Expression() = default;
Expression::Expression(ExpressionKind new_kind) : kind(new_kind) {}
Expression::~Expression() = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;

}  // namespace spillway::emulator::sql
