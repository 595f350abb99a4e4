// Execution: a whole query over many documents.
#ifndef SPILLWAY_EMULATOR_SQL_EXECUTE_H_
#define SPILLWAY_EMULATOR_SQL_EXECUTE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "emulator/sql/ast.h"
#include "emulator/sql/evaluate.h"

namespace spillway::emulator::sql {

// What a query needs to see before it can give its first row.
struct QueryTraits {
  bool aggregates = false;
  bool group_by = false;
  bool order_by = false;
  bool distinct = false;
  bool top = false;
  bool offset_limit = false;

  // Rows come document by document, so a page can end anywhere.
  bool streams() const { return !aggregates && !group_by && !order_by && !distinct; }
  // The gateway cannot serve it over several ranges without a plan.
  bool needs_plan() const { return !streams() || top || offset_limit; }
};
QueryTraits TraitsOf(const Query& query);

// Collects what documents contribute, then gives the rows. For one thread.
class Execution {
 public:
  Execution(const Query* query, FunctionContext functions);
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  void Add(const Value& document);
  // For subqueries: FROM starts from what `environment` has bound.
  void AddBound(Environment* environment);
  // TOP, OFFSET and LIMIT applied. Once.
  std::vector<Value> Finish();

 private:
  struct Group;
  struct Row {
    std::vector<Value> keys;  // of ORDER BY
    Value value;
  };

  void AddRow(Environment* environment);
  void AddToGroup(Environment* environment);
  std::vector<Value> GroupRows();
  std::vector<Value> OrderedRows();
  void Cut(std::vector<Value>* rows) const;

  const Query& query_;
  const QueryTraits traits_;
  Environment environment_;
  std::vector<const Expression*> aggregates_;
  std::vector<Row> rows_;
  std::set<std::string> seen_;  // for DISTINCT
  std::vector<std::unique_ptr<Group>> groups_;
  std::map<std::string, Group*> groups_by_key_;
};

// The rows of a streaming query for one document: all rows, TOP and OFFSET not applied.
std::vector<Value> RowsOf(const Query& query, const Value& document, FunctionContext functions);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_EXECUTE_H_
