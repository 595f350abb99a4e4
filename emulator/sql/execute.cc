#include "emulator/sql/execute.h"

#include <algorithm>

#include "emulator/sql/aggregate.h"

namespace spillway::emulator::sql {
namespace {

void CollectAggregates(const Expression& expression, std::vector<const Expression*>* out) {
  if (expression.kind == ExpressionKind::kAggregate) {
    out->push_back(&expression);
    return;
  }
  for (const ExpressionPtr& child : expression.children) CollectAggregates(*child, out);
}

}  // namespace

QueryTraits TraitsOf(const Query& query) {
  QueryTraits traits;
  traits.aggregates = query.has_aggregates;
  traits.group_by = !query.group_by.empty();
  traits.order_by = !query.order_by.empty();
  traits.distinct = query.distinct;
  traits.top = query.top.has_value();
  traits.offset_limit = query.offset.has_value();
  return traits;
}

struct Execution::Group {
  Environment first_row;  // what the grouped expressions are evaluated over
  std::vector<std::unique_ptr<Accumulator>> accumulators;
};

Execution::Execution(const Query* query, FunctionContext functions)
    : query_(*query), traits_(TraitsOf(*query)) {
  environment_.functions = functions;
  for (const SelectItem& item : query_.select) CollectAggregates(*item.expression, &aggregates_);
  // Aggregates without groups give one row, even over nothing.
  if (traits_.aggregates && !traits_.group_by) {
    Group* group = groups_.emplace_back(std::make_unique<Group>()).get();
    group->first_row.functions = functions;
    for (const Expression* aggregate : aggregates_) {
      group->accumulators.push_back(MakeAccumulator(aggregate->aggregate));
    }
    groups_by_key_.emplace("", group);
  }
}

Execution::~Execution() = default;

void Execution::Add(const Value& document) {
  environment_.Bind(kRootSlot, document);
  AddBound(&environment_);
}

void Execution::AddBound(Environment* environment) {
  ForEachRow(query_, environment, [&] {
    if (traits_.aggregates || traits_.group_by) {
      AddToGroup(environment);
    } else {
      AddRow(environment);
    }
    return true;
  });
}

void Execution::AddRow(Environment* environment) {
  Row row;
  row.value = Project(query_, environment);
  if (row.value.is_undefined()) return;
  if (traits_.distinct && !seen_.insert(CanonicalJson(row.value)).second) return;
  for (const OrderItem& item : query_.order_by) {
    row.keys.push_back(Evaluate(*item.expression, environment));
  }
  rows_.push_back(std::move(row));
}

void Execution::AddToGroup(Environment* environment) {
  std::string key;
  for (const ExpressionPtr& expression : query_.group_by) {
    const Value value = Evaluate(*expression, environment);
    key += value.is_undefined() ? "u" : CanonicalJson(value);
    key += '\n';
  }
  Group*& group = groups_by_key_[key];
  if (group == nullptr) {
    group = groups_.emplace_back(std::make_unique<Group>()).get();
    group->first_row = *environment;
    for (const Expression* aggregate : aggregates_) {
      group->accumulators.push_back(MakeAccumulator(aggregate->aggregate));
    }
  }
  for (size_t i = 0; i < aggregates_.size(); ++i) {
    group->accumulators[i]->Add(Evaluate(*aggregates_[i]->children[0], environment));
  }
}

std::vector<Value> Execution::GroupRows() {
  std::vector<Value> rows;
  for (const auto& group : groups_) {
    AggregateValues values;
    for (size_t i = 0; i < aggregates_.size(); ++i) {
      values.emplace_back(aggregates_[i], group->accumulators[i]->Result());
    }
    group->first_row.aggregates = &values;
    Value row = Project(query_, &group->first_row);
    group->first_row.aggregates = nullptr;
    if (row.is_undefined()) continue;
    if (traits_.distinct && !seen_.insert(CanonicalJson(row)).second) continue;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Value> Execution::OrderedRows() {
  if (traits_.order_by) {
    std::stable_sort(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) {
      for (size_t i = 0; i < query_.order_by.size(); ++i) {
        const auto order = Compare(a.keys[i], b.keys[i]);
        if (order != 0) return query_.order_by[i].descending ? order > 0 : order < 0;
      }
      return false;
    });
  }
  std::vector<Value> values;
  values.reserve(rows_.size());
  for (Row& row : rows_) values.push_back(std::move(row.value));
  return values;
}

std::vector<Value> Execution::Finish() {
  std::vector<Value> rows = traits_.aggregates || traits_.group_by ? GroupRows() : OrderedRows();
  Cut(&rows);
  return rows;
}

void Execution::Cut(std::vector<Value>* rows) const {
  if (query_.offset) {
    const size_t skipped = std::min<uint64_t>(*query_.offset, rows->size());
    rows->erase(rows->begin(), rows->begin() + static_cast<std::ptrdiff_t>(skipped));
  }
  const uint64_t count_max =
      std::min(query_.top.value_or(UINT64_MAX), query_.limit.value_or(UINT64_MAX));
  if (rows->size() > count_max) rows->resize(count_max);
}

std::vector<Value> RowsOf(const Query& query, const Value& document, FunctionContext functions) {
  Environment environment;
  environment.functions = functions;
  environment.Bind(kRootSlot, document);
  std::vector<Value> rows;
  ForEachRow(query, &environment, [&] {
    Value row = Project(query, &environment);
    if (!row.is_undefined()) rows.push_back(std::move(row));
    return true;
  });
  return rows;
}

}  // namespace spillway::emulator::sql
