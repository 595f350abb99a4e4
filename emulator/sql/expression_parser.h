// ExpressionParser: expressions, by precedence. The part of the parser that reads queries
// (emulator/sql/parser.cc) derives from it, since an expression may hold a subquery.
#ifndef SPILLWAY_EMULATOR_SQL_EXPRESSION_PARSER_H_
#define SPILLWAY_EMULATOR_SQL_EXPRESSION_PARSER_H_

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "emulator/sql/ast.h"
#include "emulator/sql/parser.h"
#include "emulator/sql/token_reader.h"

namespace spillway::emulator::sql {

class ExpressionParser : protected TokenReader {
 protected:
  // `parameters` must outlive this.
  ExpressionParser(std::vector<Token> tokens, const Parameters& parameters)
      : TokenReader(std::move(tokens)), parameters_(parameters) {}
  virtual ~ExpressionParser() = default;

  // A query from its SELECT on.
  virtual Result<std::unique_ptr<Query>> ParseSelect() = 0;

  Result<ExpressionPtr> ParseExpression();
  // Where only the SELECT clause may aggregate.
  Result<ExpressionPtr> ParseWithoutAggregates();
  // A primary expression and the steps into it.
  Result<ExpressionPtr> ParsePath();
  // Of the parameter at hand.
  Result<Value> ParameterValue() const;

  // kInvalidArgument when expressions and subqueries are nested too deeply. Each needs a Leave.
  Status Enter();
  void Leave() { --depth_; }
  // Whether an aggregate was read since it was set to false.
  bool ExchangeSawAggregate(bool saw);

 private:
  Operator OperatorAt(int level) const;
  Result<ExpressionPtr> ParseLevel(int level);
  Result<ExpressionPtr> ParseNot();
  bool IsRangeWord() const;
  Result<ExpressionPtr> ParseRange(ExpressionPtr operand);
  // Expressions separated by commas, up to and including `close`.
  Status ParseList(std::string_view close, Expression* parent);
  Result<ExpressionPtr> ParseUnary();
  Result<ExpressionPtr> ParseStep(ExpressionPtr base);
  Result<ExpressionPtr> ParsePrimary();
  Result<ExpressionPtr> ParseBracket();
  Result<ExpressionPtr> ParseObject();
  // The opening parenthesis is taken.
  Result<ExpressionPtr> ParseSubquery(ExpressionKind kind);
  Result<ExpressionPtr> ParseWord();
  Result<ExpressionPtr> ParseCall();
  Result<ExpressionPtr> ParseAggregate(Aggregate aggregate);

  const Parameters& parameters_;
  int depth_ = 0;
  int chained_ = 0;
  bool saw_aggregate_ = false;
};

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_EXPRESSION_PARSER_H_
