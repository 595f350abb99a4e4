#include "emulator/sql/parser.h"

#include <cmath>

#include "emulator/sql/bind.h"
#include "emulator/sql/expression_parser.h"

namespace spillway::emulator::sql {
namespace {

// The clauses of queries.
class QueryParser : private ExpressionParser {
 public:
  QueryParser(std::vector<Token> tokens, const Parameters& parameters,
              OrderedAggregates ordered_aggregates)
      : ExpressionParser(std::move(tokens), parameters), ordered_aggregates_(ordered_aggregates) {}

  Result<std::unique_ptr<Query>> Parse() {
    ASSIGN_OR_RETURN(std::unique_ptr<Query> query, ParseSelect());
    TakeSymbol(";");
    if (Peek().kind != TokenKind::kEnd) return Unexpected();
    return query;
  }

 private:
  Result<std::unique_ptr<Query>> ParseSelect() override {
    RETURN_IF_ERROR(Enter());
    if (!TakeWord("SELECT")) return Unexpected();
    auto query = std::make_unique<Query>();
    const bool outer_aggregates = ExchangeSawAggregate(false);
    query->distinct = TakeWord("DISTINCT");
    if (TakeWord("TOP")) {
      ASSIGN_OR_RETURN(query->top, TakeCount());
    }
    RETURN_IF_ERROR(ParseSelectList(query.get()));
    query->has_aggregates = ExchangeSawAggregate(outer_aggregates);
    if (TakeWord("FROM")) RETURN_IF_ERROR(ParseFrom(query.get()));
    if (TakeWord("WHERE")) {
      ASSIGN_OR_RETURN(query->where, ParseWithoutAggregates());
    }
    RETURN_IF_ERROR(ParseGroupAndOrder(query.get()));
    RETURN_IF_ERROR(ParseOffset(query.get()));
    if (ordered_aggregates_ == OrderedAggregates::kUnordered && query->has_aggregates) {
      query->order_by.clear();
    }
    RETURN_IF_ERROR(Check(*query));
    Leave();
    return query;
  }

  Status ParseSelectList(Query* query) {
    if (TakeSymbol("*")) {
      query->select_all = true;
      return Status::Ok();
    }
    query->select_value = TakeWord("VALUE");
    do {
      SelectItem item;
      ASSIGN_OR_RETURN(item.expression, ParseExpression());
      if (!query->select_value) RETURN_IF_ERROR(ParseAlias(&item, query->select.size()));
      query->select.push_back(std::move(item));
    } while (!query->select_value && TakeSymbol(","));
    return Status::Ok();
  }

  Status ParseAlias(SelectItem* item, size_t index) {
    item->alias_given = TakeWord("AS");
    if (item->alias_given || IsName()) {
      item->alias_given = true;
      if (Peek().kind == TokenKind::kString) {
        item->alias = Take().text;
      } else {
        ASSIGN_OR_RETURN(item->alias, TakeName());
      }
      return Status::Ok();
    }
    const Expression& expression = *item->expression;
    const bool named = expression.kind == ExpressionKind::kProperty ||
                       expression.kind == ExpressionKind::kIdentifier;
    item->alias = named ? expression.name : "$" + std::to_string(index + 1);
    return Status::Ok();
  }

  Status ParseFrom(Query* query) {
    do {
      FromItem item;
      RETURN_IF_ERROR(ParseFromItem(query, &item));
      query->from.push_back(std::move(item));
    } while (TakeWord("JOIN"));
    return Status::Ok();
  }

  Status ParseFromItem(Query* query, FromItem* item) {
    if (IsName() && IsWord("IN", 1)) {
      item->alias = Peek().text;
      Skip(2);
      item->iterate = true;
      return ParseCollection(item);
    }
    RETURN_IF_ERROR(ParseCollection(item));
    const bool has_as = TakeWord("AS");
    if (has_as || IsName()) {
      ASSIGN_OR_RETURN(item->alias, TakeName());
    } else if (item->query != nullptr) {
      item->alias = "$sub" + std::to_string(query->from.size());
    }
    return Status::Ok();
  }

  // The container, a path in it or in an alias, or a subquery.
  Status ParseCollection(FromItem* item) {
    if (TakeSymbol("(")) {
      ASSIGN_OR_RETURN(item->query, ParseSelect());
      return Expect(")");
    }
    if (!IsName()) return Unexpected();
    ASSIGN_OR_RETURN(item->source, ParsePath());
    const Expression* base = item->source.get();
    while (base->kind == ExpressionKind::kProperty || base->kind == ExpressionKind::kIndex) {
      base = base->children[0].get();
    }
    if (base->kind != ExpressionKind::kIdentifier) {
      return InvalidArgument("FROM takes the container, a path or a subquery.");
    }
    if (item->alias.empty()) item->alias = item->source->name;
    return Status::Ok();
  }

  Status ParseGroupAndOrder(Query* query) {
    if (TakeWord("GROUP")) {
      if (!TakeWord("BY")) return Unexpected();
      do {
        ASSIGN_OR_RETURN(ExpressionPtr expression, ParseWithoutAggregates());
        query->group_by.push_back(std::move(expression));
      } while (TakeSymbol(","));
    }
    if (!TakeWord("ORDER")) return Status::Ok();
    if (!TakeWord("BY")) return Unexpected();
    do {
      OrderItem item;
      ASSIGN_OR_RETURN(item.expression, ParseWithoutAggregates());
      item.descending = TakeWord("DESC");
      if (!item.descending) TakeWord("ASC");
      query->order_by.push_back(std::move(item));
    } while (TakeSymbol(","));
    return Status::Ok();
  }

  Status ParseOffset(Query* query) {
    if (!TakeWord("OFFSET")) return Status::Ok();
    ASSIGN_OR_RETURN(query->offset, TakeCount());
    if (!TakeWord("LIMIT")) return Unexpected();
    ASSIGN_OR_RETURN(query->limit, TakeCount());
    return Status::Ok();
  }

  static Status Check(const Query& query) {
    if (query.select_all && query.from.empty()) {
      return InvalidArgument("'SELECT *' is not valid without a FROM clause.");
    }
    if (query.select_all && query.from.size() > 1) {
      return InvalidArgument("'SELECT *' is only valid with a single input set.");
    }
    if (query.top && query.offset) {
      return InvalidArgument("TOP and OFFSET LIMIT cannot be used together.");
    }
    if (!query.group_by.empty() && !query.order_by.empty()) {
      return InvalidArgument("'ORDER BY' is not supported in presence of GROUP BY.");
    }
    if (query.has_aggregates && !query.order_by.empty()) {
      return InvalidArgument("'ORDER BY' is not supported in presence of aggregate functions.");
    }
    for (size_t i = 0; i < query.select.size(); ++i) {
      for (size_t j = 0; j < i && !query.select_value; ++j) {
        if (query.select[i].alias == query.select[j].alias) {
          return InvalidArgument("The property name '" + query.select[i].alias +
                                 "' is selected more than once; give an alias with AS.");
        }
      }
    }
    return Status::Ok();
  }

  Result<uint64_t> TakeCount() {
    Value value;
    if (Peek().kind == TokenKind::kNumber) {
      value = Peek().number;
    } else if (Peek().kind == TokenKind::kParameter) {
      ASSIGN_OR_RETURN(value, ParameterValue());
    }
    if (!value.is_number() || value.number() < 0 || value.number() > 1e15 ||
        std::trunc(value.number()) != value.number()) {
      return InvalidArgument("TOP, OFFSET and LIMIT take a whole number that is not negative.");
    }
    Skip();
    return static_cast<uint64_t>(value.number());
  }

  const OrderedAggregates ordered_aggregates_;
};

}  // namespace

Result<std::unique_ptr<Query>> ParseQuery(std::string_view text, const Parameters& parameters,
                                          OrderedAggregates ordered_aggregates) {
  if (text.size() > kQueryBytesMax) return InvalidArgument("The query text is too long.");
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  ASSIGN_OR_RETURN(std::unique_ptr<Query> query,
                   QueryParser(std::move(tokens), parameters, ordered_aggregates).Parse());
  RETURN_IF_ERROR(BindQuery(query.get()));
  return query;
}

}  // namespace spillway::emulator::sql
