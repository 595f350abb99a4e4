#include "transforms/row_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "columns/column_view.h"
#include "transforms/exact_decimal.h"
#include "transforms/nearest_name.h"
#include "transforms/planned_column.h"
#include "transforms/time_text.h"

namespace spillway {
namespace {

using Kind = Expression::Kind;

// SQL's three truth values, one per row.
enum Truth : uint8_t { kFalse = 0, kTrue = 1, kUnknown = 2 };
using Truths = std::vector<uint8_t>;

// What values compare as.
enum class Class : uint8_t { kNone, kBool, kExact, kDouble, kString, kDate, kTimestamp };

// A column, possibly inside structs, or a literal in the form of its class.
struct Operand {
  bool is_column = false;
  uint32_t column = 0;
  std::vector<uint32_t> members;
  Class value_class = Class::kNone;
  std::string description;  // for messages: column "price" (double)
  bool bool_value = false;
  ExactDecimal exact_value;
  double double_value = 0;
  std::string string_value;
  int64_t int_value = 0;  // days, or microseconds
};

struct Node {
  Kind kind = Kind::kLiteral;
  std::vector<Operand> operands;  // of a comparison, a test or a predicate by itself
  std::vector<Node> nodes;        // of AND, OR, NOT
  Class compared_as = Class::kNone;
};

Class ClassOf(const ColumnShape& shape) {
  if (IsInteger(shape.type)) return Class::kExact;
  if (IsString(shape.type)) return Class::kString;
  switch (shape.type) {
    case ColumnType::kDecimal128:
      return Class::kExact;
    case ColumnType::kBool:
      return Class::kBool;
    case ColumnType::kFloat32:
    case ColumnType::kFloat64:
      return Class::kDouble;
    case ColumnType::kDate32:
      return Class::kDate;
    case ColumnType::kTimestamp:
      return Class::kTimestamp;
    default:
      return Class::kNone;
  }
}

bool IsNumber(Class c) {
  return c == Class::kExact || c == Class::kDouble;
}

}  // namespace

struct RowFilter::Program {
  std::vector<PlannedColumn> columns;
  Node root;
};

namespace {

class Compiler {
 public:
  Compiler(const ArrowSchema& schema, RowFilter::Program* program)
      : schema_(schema), program_(*program) {
    for (int64_t i = 0; i < schema.n_children; ++i) names_.push_back(schema.children[i]->name);
  }

  Status Run(const Expression& expression) {
    program_.root = Compile(expression);
    if (errors_.empty()) return Status::Ok();
    std::string message;
    for (const std::string& error : errors_) {
      message += fmt::format("{}source.filter: {}", message.empty() ? "" : "\n", error);
    }
    return InvalidArgument(std::move(message));
  }

 private:
  void Error(std::string text) {
    if (std::find(errors_.begin(), errors_.end(), text) == errors_.end()) {
      errors_.push_back(std::move(text));
    }
  }

  Node Compile(const Expression& expression) {
    Node node;
    node.kind = expression.kind;
    switch (expression.kind) {
      case Kind::kAnd:
      case Kind::kOr:
      case Kind::kNot:
        for (const Expression& part : expression.operands) node.nodes.push_back(Compile(part));
        return node;
      case Kind::kIsNull:
        node.operands.push_back(MakeOperand(expression.operands[0]));
        return node;
      case Kind::kColumn:
      case Kind::kLiteral: {
        node.operands.push_back(MakeOperand(expression));
        const Operand& operand = node.operands[0];
        if (operand.value_class != Class::kBool && !operand.description.empty()) {
          Error(fmt::format("{} is not a condition", operand.description));
        }
        return node;
      }
      default:
        break;
    }
    for (const Expression& part : expression.operands) node.operands.push_back(MakeOperand(part));
    CheckComparison(&node);
    return node;
  }

  void CheckComparison(Node* node) {
    const Operand& left = node->operands[0];
    const Operand& right = node->operands[1];
    if (left.description.empty() || right.description.empty()) return;  // said already
    for (const Operand* operand : {&left, &right}) {
      if (operand->value_class == Class::kNone) {
        return Error(fmt::format("{} cannot be compared", operand->description));
      }
    }
    node->compared_as = left.value_class;
    if (left.value_class == right.value_class) return;
    if (IsNumber(left.value_class) && IsNumber(right.value_class)) {
      node->compared_as = Class::kDouble;
      return;
    }
    std::string hint;
    const auto is_text = [](const Operand& o) { return o.value_class == Class::kString; };
    const Operand& other = is_text(left) ? right : left;
    if (is_text(left) != is_text(right)) {
      if (other.value_class == Class::kDate) hint = "; write DATE '2024-01-31'";
      if (other.value_class == Class::kTimestamp) hint = "; write TIMESTAMP '2024-01-31 00:00:00'";
    }
    Error(fmt::format("{} does not compare with {}{}", left.description, right.description, hint));
  }

  Operand MakeOperand(const Expression& expression) {
    if (expression.kind == Kind::kColumn) return MakeColumn(expression.column);
    if (expression.kind == Kind::kLiteral) return MakeLiteral(expression.literal);
    Error("a condition stands where a column or a value is expected");
    return {};
  }

  Operand MakeColumn(const std::vector<std::string>& path) {
    Operand operand;
    operand.is_column = true;
    const std::string name = fmt::format("{}", fmt::join(path, "."));
    const auto column = UseColumn(path[0], name);
    if (!column) return operand;
    operand.column = *column;
    const ColumnShape* shape = &program_.columns[*column].shape;
    for (size_t i = 1; i < path.size(); ++i) {
      const auto& members = shape->children;
      const auto found = std::find_if(members.begin(), members.end(),
                                      [&](const ColumnShape& m) { return m.name == path[i]; });
      if (shape->type != ColumnType::kStruct || found == members.end()) {
        Error(fmt::format("there is no field \"{}\" in column \"{}\" ({})", path[i], path[i - 1],
                          TypeName(*shape)));
        return operand;
      }
      operand.members.push_back(static_cast<uint32_t>(found - members.begin()));
      shape = &*found;
    }
    operand.value_class = ClassOf(*shape);
    operand.description = fmt::format("column \"{}\" ({})", name, TypeName(*shape));
    return operand;
  }

  std::optional<uint32_t> UseColumn(const std::string& name, const std::string& path) {
    for (size_t i = 0; i < program_.columns.size(); ++i) {
      if (program_.columns[i].shape.name == name) return static_cast<uint32_t>(i);
    }
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      Error(fmt::format("the table has no column \"{}\"{}", path, DidYouMean(name, names_)));
      return std::nullopt;
    }
    const auto index = found - names_.begin();
    auto shape = ParseShape(*schema_.children[index]);
    if (!shape.ok()) {
      Error(std::string(shape.status().message()));
      return std::nullopt;
    }
    program_.columns.push_back({index, *std::move(shape)});
    return static_cast<uint32_t>(program_.columns.size() - 1);
  }

  Operand MakeLiteral(const Literal& literal) {
    Operand operand;
    if (const auto* flag = std::get_if<bool>(&literal)) {
      operand.value_class = Class::kBool;
      operand.bool_value = *flag;
      operand.description = *flag ? "TRUE" : "FALSE";
    } else if (const auto* number = std::get_if<NumberLiteral>(&literal)) {
      MakeNumber(number->text, &operand);
    } else if (const auto* text = std::get_if<std::string>(&literal)) {
      operand.value_class = Class::kString;
      operand.string_value = *text;
      operand.description = fmt::format("the string '{}'", *text);
    } else if (const auto* date = std::get_if<DateLiteral>(&literal)) {
      operand.value_class = Class::kDate;
      operand.int_value = date->days;
      operand.description = "a date";
    } else {
      operand.value_class = Class::kTimestamp;
      operand.int_value = std::get<TimestampLiteral>(literal).micros;
      operand.description = "a timestamp";
    }
    return operand;
  }

  void MakeNumber(const std::string& text, Operand* operand) {
    const auto exact = ParseExactDecimal(text);
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), operand->double_value);
    if (!exact && error != std::errc())
      return Error(fmt::format("the number {} is too large", text));
    operand->value_class = exact ? Class::kExact : Class::kDouble;
    if (exact) operand->exact_value = *exact;
    operand->description = fmt::format("the number {}", text);
  }

  const ArrowSchema& schema_;
  RowFilter::Program& program_;
  std::vector<std::string> names_;
  std::vector<std::string> errors_;
};

std::weak_ordering CompareDoubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) {
    return static_cast<int>(std::isnan(a)) <=> static_cast<int>(std::isnan(b));
  }
  return a < b ? std::weak_ordering::less
               : (a > b ? std::weak_ordering::greater : std::weak_ordering::equivalent);
}

bool Holds(Kind kind, std::weak_ordering order) {
  switch (kind) {
    case Kind::kEqual:
      return order == 0;
    case Kind::kNotEqual:
      return order != 0;
    case Kind::kLess:
      return order < 0;
    case Kind::kLessOrEqual:
      return order <= 0;
    case Kind::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

class Evaluator {
 public:
  Evaluator(std::vector<ColumnView> columns, int64_t rows)
      : columns_(std::move(columns)), rows_(rows) {}

  Truths Run(const Node& node) const {
    switch (node.kind) {
      case Kind::kAnd:
      case Kind::kOr:
        return Combine(node);
      case Kind::kNot: {
        Truths truths = Run(node.nodes[0]);
        for (uint8_t& truth : truths) truth = truth == kUnknown ? kUnknown : truth ^ 1;
        return truths;
      }
      case Kind::kIsNull:
        return Each(node.operands[0],
                    [](const auto&, int64_t, bool null) { return null ? kTrue : kFalse; });
      case Kind::kColumn:
      case Kind::kLiteral:
        return Each(node.operands[0], [&](const Side& side, int64_t row, bool null) {
          return null ? kUnknown : side.Bool(row) ? kTrue : kFalse;
        });
      default:
        return RunComparison(node);
    }
  }

 private:
  // One side of a comparison: the column's view, or the literal.
  struct Side {
    const Operand* operand;
    const ColumnView* view;                  // nullptr: a literal
    std::vector<const ColumnView*> parents;  // structs around it

    bool IsNull(int64_t row) const {
      if (view == nullptr) return false;
      for (const ColumnView* parent : parents) {
        if (parent->IsNull(row)) return true;
      }
      return view->IsNull(row);
    }
    bool Bool(int64_t row) const { return view == nullptr ? operand->bool_value : view->Bool(row); }
    std::string_view String(int64_t row) const {
      return view == nullptr ? std::string_view(operand->string_value) : view->Bytes(row);
    }
    int64_t Days(int64_t row) const {
      return view == nullptr ? operand->int_value : view->Value<int32_t>(row);
    }
    ExactDecimal Exact(int64_t row) const {
      if (view == nullptr) return operand->exact_value;
      if (view->shape().type == ColumnType::kUInt64) return {view->Value<uint64_t>(row), 0};
      if (view->shape().type != ColumnType::kDecimal128) return {view->Integer(row), 0};
      ExactDecimal value{view->Decimal(row), view->shape().scale};
      for (; value.scale < 0; ++value.scale) value.unscaled *= 10;
      return value;
    }
    double Double(int64_t row) const {
      if (view == nullptr) return operand->double_value;
      if (view->shape().type == ColumnType::kFloat64) return view->Value<double>(row);
      if (view->shape().type == ColumnType::kFloat32) return view->Value<float>(row);
      const ExactDecimal exact = Exact(row);
      return static_cast<double>(static_cast<long double>(exact.unscaled) /
                                 std::pow(10.0L, exact.scale));
    }
    TimePoint Time(int64_t row) const {
      if (view == nullptr) return SplitTime(operand->int_value, TimeUnit::kMicro);
      return SplitTime(view->Value<int64_t>(row), view->shape().unit);
    }
  };

  Side MakeSide(const Operand& operand) const {
    Side side{&operand, nullptr, {}};
    if (!operand.is_column) return side;
    side.view = &columns_[operand.column];
    for (const uint32_t member : operand.members) {
      side.parents.push_back(side.view);
      side.view = &side.view->child(member);
    }
    return side;
  }

  template <typename Test>
  Truths Each(const Operand& operand, Test test) const {
    const Side side = MakeSide(operand);
    Truths truths(static_cast<size_t>(rows_));
    for (int64_t row = 0; row < rows_; ++row) {
      truths[static_cast<size_t>(row)] = test(side, row, side.IsNull(row));
    }
    return truths;
  }

  template <typename Order>
  Truths EachPair(const Node& node, Order order) const {
    const Side left = MakeSide(node.operands[0]);
    const Side right = MakeSide(node.operands[1]);
    Truths truths(static_cast<size_t>(rows_));
    for (int64_t row = 0; row < rows_; ++row) {
      const bool unknown = left.IsNull(row) || right.IsNull(row);
      truths[static_cast<size_t>(row)] = unknown                                     ? kUnknown
                                         : Holds(node.kind, order(left, right, row)) ? kTrue
                                                                                     : kFalse;
    }
    return truths;
  }

  Truths RunComparison(const Node& node) const {
    using W = std::weak_ordering;
    const auto time_key = [](const TimePoint& t) { return std::pair(t.seconds, t.nanos); };
    switch (node.compared_as) {
      case Class::kBool:
        return EachPair(node, [](const Side& a, const Side& b, int64_t r) -> W {
          return a.Bool(r) <=> b.Bool(r);
        });
      case Class::kExact:
        return EachPair(node, [](const Side& a, const Side& b, int64_t r) -> W {
          return Compare(a.Exact(r), b.Exact(r));
        });
      case Class::kDouble:
        return EachPair(node, [](const Side& a, const Side& b, int64_t r) -> W {
          return CompareDoubles(a.Double(r), b.Double(r));
        });
      case Class::kString:
        return EachPair(node, [](const Side& a, const Side& b, int64_t r) -> W {
          return a.String(r).compare(b.String(r)) <=> 0;
        });
      case Class::kDate:
        return EachPair(node, [](const Side& a, const Side& b, int64_t r) -> W {
          return a.Days(r) <=> b.Days(r);
        });
      default:
        return EachPair(node, [&](const Side& a, const Side& b, int64_t r) -> W {
          return time_key(a.Time(r)) <=> time_key(b.Time(r));
        });
    }
  }

  // AND is false where one side is, OR true where one side is; else unknown where one side is.
  Truths Combine(const Node& node) const {
    const uint8_t decisive = node.kind == Kind::kAnd ? kFalse : kTrue;
    Truths truths = Run(node.nodes[0]);
    for (size_t i = 1; i < node.nodes.size(); ++i) {
      const Truths other = Run(node.nodes[i]);
      for (size_t row = 0; row < truths.size(); ++row) {
        const uint8_t a = truths[row];
        const uint8_t b = other[row];
        if (a == decisive || b == decisive) {
          truths[row] = decisive;
        } else if (a == kUnknown || b == kUnknown) {
          truths[row] = kUnknown;
        }
      }
    }
    return truths;
  }

  std::vector<ColumnView> columns_;
  int64_t rows_;
};

}  // namespace

RowFilter::RowFilter(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
RowFilter::RowFilter(RowFilter&&) noexcept = default;
RowFilter& RowFilter::operator=(RowFilter&&) noexcept = default;
RowFilter::~RowFilter() = default;

Result<RowFilter> RowFilter::Make(std::string_view text, const ArrowSchema& schema) {
  ASSIGN_OR_RETURN(const Expression expression, ParseFilter(text));
  auto program = std::make_unique<Program>();
  RETURN_IF_ERROR(Compiler(schema, program.get()).Run(expression));
  return RowFilter(std::move(program));
}

Result<std::vector<uint8_t>> RowFilter::Evaluate(const Batch& batch) const {
  std::vector<ColumnView> columns;
  for (const PlannedColumn& column : program_->columns) {
    ASSIGN_OR_RETURN(ColumnView view, BindPlanned(column, batch));
    columns.push_back(std::move(view));
  }
  Truths truths = Evaluator(std::move(columns), batch.rows()).Run(program_->root);
  for (uint8_t& truth : truths) truth = truth == kTrue ? 1 : 0;
  return truths;
}

}  // namespace spillway
