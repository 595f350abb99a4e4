#include "emulator/sql/plan.h"

#include <algorithm>

#include "emulator/sql/execute.h"
#include "emulator/sql/unparse.h"

namespace spillway::emulator::sql {
namespace {

std::string_view PlanName(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCount:
      return "Count";
    case Aggregate::kSum:
      return "Sum";
    case Aggregate::kMin:
      return "Min";
    case Aggregate::kMax:
      return "Max";
    case Aggregate::kAvg:
      return "Average";
    case Aggregate::kCountIf:
      return "CountIf";
    case Aggregate::kMakeList:
      return "MakeList";
    case Aggregate::kMakeSet:
      return "MakeSet";
  }
  return "";
}

// What a range has to tell about an aggregate, so that several can be put together.
std::string PartialAggregate(const Expression& expression, bool composite_extremes) {
  const std::string argument = Unparse(*expression.children[0]);
  const std::string whole = Unparse(expression);
  const auto with_count = [&](std::string_view name) {
    return "{\"item\": {\"" + std::string(name) + "\": " + whole + ", \"count\": COUNT(" +
           argument + ")}}";
  };
  if (expression.aggregate == Aggregate::kAvg) {
    return "{\"item\": {\"sum\": SUM(" + argument + "), \"count\": COUNT(" + argument + ")}}";
  }
  if (composite_extremes && expression.aggregate == Aggregate::kMin) return with_count("min");
  if (composite_extremes && expression.aggregate == Aggregate::kMax) return with_count("max");
  return "{\"item\": " + whole + "}";
}

std::string WhereText(const Query& query) {
  return query.where == nullptr ? "" : " WHERE " + Unparse(*query.where);
}

std::string GroupText(const Query& query) {
  std::string text;
  for (size_t i = 0; i < query.group_by.size(); ++i) {
    text += (i == 0 ? " GROUP BY " : ", ") + Unparse(*query.group_by[i]);
  }
  return text;
}

std::string OrderText(const Query& query) {
  std::string text;
  for (size_t i = 0; i < query.order_by.size(); ++i) {
    text += (i == 0 ? " ORDER BY " : ", ") + Unparse(*query.order_by[i].expression) +
            (query.order_by[i].descending ? " DESC" : " ASC");
  }
  return text;
}

// Every range gives as much as the whole may need.
std::string TopText(const Query& query) {
  return query.top ? "TOP " + std::to_string(*query.top) + " " : "";
}

std::string OffsetText(const Query& query) {
  return query.offset ? " OFFSET 0 LIMIT " + std::to_string(*query.offset + *query.limit) : "";
}

// SELECT as one value.
std::string PayloadText(const Query& query) {
  if (query.select_all) return query.from[0].alias;
  if (query.select_value) return Unparse(*query.select[0].expression);
  std::string text = "{";
  for (const SelectItem& item : query.select) {
    if (text.size() > 1) text += ", ";
    AppendJsonString(item.alias, &text);
    text += ": " + Unparse(*item.expression);
  }
  return text + "}";
}

std::string RewriteOrderBy(const Query& query) {
  std::string items;
  for (const OrderItem& item : query.order_by) {
    if (!items.empty()) items += ", ";
    items += "{\"item\": " + Unparse(*item.expression) + "}";
  }
  const std::string filter =
      query.where == nullptr ? std::string(kOrderByFilter)
                             : "(" + Unparse(*query.where) + ") AND " + std::string(kOrderByFilter);
  return "SELECT " + std::string(query.distinct ? "DISTINCT " : "") + TopText(query) +
         query.from[0].alias + "._rid, [" + items + "] AS orderByItems, " + PayloadText(query) +
         " AS payload" + UnparseFrom(query) + " WHERE (" + filter + ")" + OrderText(query) +
         OffsetText(query);
}

std::string RewriteGroups(const Query& query, bool composite_extremes) {
  std::string groups;
  for (const ExpressionPtr& group : query.group_by) {
    if (!groups.empty()) groups += ", ";
    groups += "{\"item\": " + Unparse(*group) + "}";
  }
  const auto partial = [&](const Expression& expression) {
    return expression.kind == ExpressionKind::kAggregate
               ? PartialAggregate(expression, composite_extremes)
               : Unparse(expression);
  };
  std::string payload;
  if (query.select_value) {
    payload = "[" + partial(*query.select[0].expression) + "]";
  } else {
    for (const SelectItem& item : query.select) {
      payload += payload.empty() ? "{" : ", ";
      AppendJsonString(item.alias, &payload);
      payload += ": " + partial(*item.expression);
    }
    payload += "}";
  }
  return "SELECT [" + groups + "] AS groupByItems, " + payload + " AS payload" +
         UnparseFrom(query) + WhereText(query) + GroupText(query);
}

std::string Rewrite(const Query& query, const QueryTraits& traits, bool composite_extremes) {
  if (traits.order_by) return RewriteOrderBy(query);
  const bool value_aggregate = query.select_value && !query.select.empty() &&
                               query.select[0].expression->kind == ExpressionKind::kAggregate;
  if (traits.group_by || (traits.aggregates && !value_aggregate)) {
    return RewriteGroups(query, composite_extremes);
  }
  if (traits.aggregates) {
    return "SELECT VALUE [" + PartialAggregate(*query.select[0].expression, composite_extremes) +
           "]" + UnparseFrom(query) + WhereText(query);
  }
  const std::string select = query.select_all ? "*" : "";
  std::string text = "SELECT " + std::string(query.distinct ? "DISTINCT " : "") + TopText(query) +
                     (query.select_value ? "VALUE " : "") + select;
  for (size_t i = 0; i < query.select.size(); ++i) {
    if (i > 0) text += ", ";
    text += Unparse(*query.select[i].expression);
    if (query.select[i].alias_given) text += " AS " + query.select[i].alias;
  }
  return text + UnparseFrom(query) + WhereText(query) + OffsetText(query);
}

Value Count(const std::optional<uint64_t>& count) {
  return count ? Value(*count) : Value(Value::Null{});
}

void AddAggregates(const Query& query, const QueryTraits& traits, Value* info) {
  Array aggregates;
  Array aliases;
  Object by_alias;
  const bool grouped = traits.group_by || (traits.aggregates && !query.select_value);
  if (traits.aggregates && query.select_value &&
      query.select[0].expression->kind == ExpressionKind::kAggregate) {
    aggregates.emplace_back(PlanName(query.select[0].expression->aggregate));
  }
  if (grouped && !query.select_value) {
    for (const SelectItem& item : query.select) {
      const bool is_aggregate = item.expression->kind == ExpressionKind::kAggregate;
      aliases.emplace_back(item.alias);
      by_alias.emplace_back(item.alias, is_aggregate ? Value(PlanName(item.expression->aggregate))
                                                     : Value(Value::Null{}));
    }
  }
  Array groups;
  for (const ExpressionPtr& group : query.group_by) groups.emplace_back(Unparse(*group));
  info->Set("groupByExpressions", std::move(groups));
  info->Set("groupByAliases", std::move(aliases));
  info->Set("aggregates", std::move(aggregates));
  info->Set("groupByAliasToAggregateType", std::move(by_alias));
}

bool IsPath(const Expression* expression, const Query& query,
            const std::vector<std::string>& path) {
  for (auto name = path.rbegin(); name != path.rend(); ++name) {
    if (expression->kind != ExpressionKind::kProperty || expression->name != *name) return false;
    expression = expression->children[0].get();
  }
  return expression->kind == ExpressionKind::kIdentifier && expression->slot == query.from[0].slot;
}

Value PinnedBy(const Expression& expression, const Query& query,
               const std::vector<std::string>& path) {
  if (expression.kind != ExpressionKind::kBinary) return {};
  if (expression.op == Operator::kAnd) {
    for (const ExpressionPtr& child : expression.children) {
      Value pinned = PinnedBy(*child, query, path);
      if (!pinned.is_undefined()) return pinned;
    }
    return {};
  }
  if (expression.op != Operator::kEqual) return {};
  for (const size_t side : {0, 1}) {
    const Expression& literal = *expression.children[1 - side];
    if (literal.kind == ExpressionKind::kLiteral &&
        IsPath(expression.children[side].get(), query, path)) {
      return literal.value;
    }
  }
  return {};
}

bool IsComposed(const Expression& expression, bool top) {
  if (expression.kind == ExpressionKind::kAggregate) return !top;
  return std::any_of(expression.children.begin(), expression.children.end(),
                     [](const ExpressionPtr& child) { return IsComposed(*child, false); });
}

void CollectKinds(const Query& query, std::vector<std::string_view>* features) {
  for (const SelectItem& item : query.select) {
    if (item.expression->kind != ExpressionKind::kAggregate) continue;
    const Aggregate aggregate = item.expression->aggregate;
    if (aggregate == Aggregate::kCountIf) features->push_back("CountIf");
    if (aggregate == Aggregate::kMakeList || aggregate == Aggregate::kMakeSet) {
      features->push_back("ListAndSetAggregate");
    }
  }
}

}  // namespace

std::vector<std::string_view> RequiredFeatures(const Query& query) {
  const QueryTraits traits = TraitsOf(query);
  std::vector<std::string_view> features;
  if (traits.group_by) features.push_back("GroupBy");
  if (traits.aggregates && query.select_value) features.push_back("Aggregate");
  if (traits.aggregates && !query.select_value && !traits.group_by) {
    features.push_back(query.select.size() > 1 ? "MultipleAggregates" : "NonValueAggregate");
  }
  CollectKinds(query, &features);
  if (traits.distinct) features.push_back("Distinct");
  if (traits.order_by) {
    features.push_back(query.order_by.size() > 1 ? "MultipleOrderBy" : "OrderBy");
  }
  if (traits.offset_limit) features.push_back("OffsetAndLimit");
  if (traits.top) features.push_back("Top");
  return features;
}

bool ComposesAggregates(const Query& query) {
  return std::any_of(query.select.begin(), query.select.end(),
                     [](const SelectItem& item) { return IsComposed(*item.expression, true); });
}

Value MakePlan(const Query& query, const std::vector<PlanRange>& ranges, bool composite_extremes) {
  const QueryTraits traits = TraitsOf(query);
  Value info{Object{}};
  info.Set("distinctType", !query.distinct ? "None" : traits.order_by ? "Ordered" : "Unordered");
  info.Set("top", Count(query.top));
  info.Set("offset", Count(query.offset));
  info.Set("limit", Count(query.limit));
  Array directions;
  Array expressions;
  for (const OrderItem& item : query.order_by) {
    directions.emplace_back(item.descending ? "Descending" : "Ascending");
    expressions.emplace_back(Unparse(*item.expression));
  }
  info.Set("orderBy", std::move(directions));
  info.Set("orderByExpressions", std::move(expressions));
  AddAggregates(query, traits, &info);
  info.Set("rewrittenQuery", traits.needs_plan() ? Rewrite(query, traits, composite_extremes) : "");
  info.Set("hasSelectValue", query.select_value);
  info.Set("hasNonStreamingOrderBy", false);
  info.Set("dCountInfo", Value::Null{});
  Array range_list;
  for (const PlanRange& range : ranges) {
    range_list.emplace_back(Object{{"min", range.min},
                                   {"max", range.max},
                                   {"isMinInclusive", true},
                                   {"isMaxInclusive", range.max_inclusive}});
  }
  return Object{{"partitionedQueryExecutionInfoVersion", 2},
                {"queryInfo", std::move(info)},
                {"queryRanges", std::move(range_list)}};
}

Value PinnedValue(const Query& query, const std::vector<std::string>& path) {
  if (query.where == nullptr || query.from.empty() || query.from[0].query != nullptr) return {};
  const bool from_root =
      query.from[0].source->kind == ExpressionKind::kIdentifier && !query.from[0].iterate;
  return from_root ? PinnedBy(*query.where, query, path) : Value();
}

}  // namespace spillway::emulator::sql
