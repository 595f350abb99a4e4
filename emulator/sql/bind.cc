#include "emulator/sql/bind.h"

#include <algorithm>

#include "emulator/sql/unparse.h"

namespace spillway::emulator::sql {
namespace {

constexpr size_t kJoinsMax = 10;

class Binder {
 public:
  Status BindQuery(Query* query, bool outermost) {
    const size_t scope_size = scope_.size();
    if (query->from.size() > kJoinsMax) return InvalidArgument("The query has too many JOINs.");
    for (FromItem& item : query->from) {
      RETURN_IF_ERROR(BindFrom(&item, outermost && &item == &query->from.front()));
    }
    for (SelectItem& item : query->select) RETURN_IF_ERROR(Bind(item.expression.get()));
    if (query->where != nullptr) RETURN_IF_ERROR(Bind(query->where.get()));
    for (ExpressionPtr& expression : query->group_by) RETURN_IF_ERROR(Bind(expression.get()));
    for (OrderItem& item : query->order_by) RETURN_IF_ERROR(Bind(item.expression.get()));
    RETURN_IF_ERROR(CheckGrouping(*query));
    scope_.resize(scope_size);
    return Status::Ok();
  }

 private:
  struct Alias {
    std::string name;
    size_t slot;
  };

  const Alias* Find(std::string_view name) const {
    const auto found = std::find_if(scope_.rbegin(), scope_.rend(),
                                    [&](const Alias& alias) { return alias.name == name; });
    return found == scope_.rend() ? nullptr : &*found;
  }

  Status BindFrom(FromItem* item, bool is_root) {
    if (item->query != nullptr) {
      RETURN_IF_ERROR(BindQuery(item->query.get(), is_root));
    } else if (is_root) {
      Expression* base = item->source.get();
      while (!base->children.empty()) base = base->children[0].get();
      base->slot = kRootSlot;
    } else {
      RETURN_IF_ERROR(Bind(item->source.get()));
    }
    const bool taken = std::any_of(scope_.begin(), scope_.end(),
                                   [&](const Alias& alias) { return alias.name == item->alias; });
    if (taken && !is_root) {
      return InvalidArgument("The input alias '" + item->alias + "' is specified more than once.");
    }
    item->slot = next_slot_++;
    scope_.push_back({item->alias, item->slot});
    return Status::Ok();
  }

  Status Bind(Expression* expression) {
    if (expression->kind == ExpressionKind::kIdentifier) {
      const Alias* alias = Find(expression->name);
      if (alias == nullptr) {
        return InvalidArgument("Identifier '" + expression->name + "' could not be resolved.");
      }
      expression->slot = alias->slot;
    }
    for (ExpressionPtr& child : expression->children) RETURN_IF_ERROR(Bind(child.get()));
    if (expression->query != nullptr) RETURN_IF_ERROR(BindQuery(expression->query.get(), false));
    return Status::Ok();
  }

  // With groups or aggregates, everything else that is selected must be one of the groups.
  static Status CheckGrouping(const Query& query) {
    if (query.group_by.empty() && !query.has_aggregates) return Status::Ok();
    if (query.select_all) {
      return InvalidArgument("'SELECT *' is not allowed in presence of GROUP BY or aggregates.");
    }
    std::vector<std::string> groups;
    for (const ExpressionPtr& group : query.group_by) groups.push_back(Unparse(*group));
    for (const SelectItem& item : query.select) {
      if (!IsGrouped(*item.expression, groups)) {
        return InvalidArgument("Property reference '" + Unparse(*item.expression) +
                               "' is invalid in the select list because it is not contained in "
                               "either an aggregate function or the GROUP BY clause.");
      }
    }
    return Status::Ok();
  }

  static bool IsGrouped(const Expression& expression, const std::vector<std::string>& groups) {
    if (expression.kind == ExpressionKind::kAggregate) return true;
    if (std::find(groups.begin(), groups.end(), Unparse(expression)) != groups.end()) return true;
    if (expression.kind == ExpressionKind::kIdentifier || expression.query != nullptr) return false;
    return std::all_of(expression.children.begin(), expression.children.end(),
                       [&](const ExpressionPtr& child) { return IsGrouped(*child, groups); });
  }

  std::vector<Alias> scope_;
  size_t next_slot_ = kRootSlot + 1;
};

}  // namespace

Status BindQuery(Query* query) {
  return Binder().BindQuery(query, true);
}

}  // namespace spillway::emulator::sql
