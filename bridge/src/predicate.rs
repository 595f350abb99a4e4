//! A predicate as JSON, as the C header describes it, to the kernel's. The caller has resolved the
//! types and pushed negations down; nothing is decided here.

use delta_kernel::expressions::{ColumnName, Expression, Predicate, PredicateRef, Scalar};
use delta_kernel::schema::{DataType, PrimitiveType};
use serde_json::Value;
use std::sync::Arc;

use crate::error::{Class, Failure, Outcome};

/// Deeper nesting is refused: the tree is walked recursively.
const DEPTH_MAX: usize = 128;

pub fn parse(text: &str) -> Outcome<PredicateRef> {
    let value: Value = serde_json::from_str(text).map_err(|e| invalid(&e.to_string()))?;
    Ok(Arc::new(predicate(&value, 0)?))
}

fn invalid(why: &str) -> Failure {
    Failure::new(Class::InvalidArgument, format!("predicate: {why}"))
}

fn predicate(value: &Value, depth: usize) -> Outcome<Predicate> {
    if depth > DEPTH_MAX {
        return Err(invalid("nested too deeply"));
    }
    let operator = text(value, "op")?;
    match operator {
        "and" => Ok(Predicate::and_from(operands(value, depth)?)),
        "or" => Ok(Predicate::or_from(operands(value, depth)?)),
        "is_null" => Ok(Predicate::is_null(column(value)?)),
        "is_not_null" => Ok(Predicate::is_not_null(column(value)?)),
        _ => {
            let (left, right) = (column(value)?, Expression::Literal(literal(value)?));
            match operator {
                "eq" => Ok(Predicate::eq(left, right)),
                "ne" => Ok(Predicate::ne(left, right)),
                "lt" => Ok(Predicate::lt(left, right)),
                "le" => Ok(Predicate::le(left, right)),
                "gt" => Ok(Predicate::gt(left, right)),
                "ge" => Ok(Predicate::ge(left, right)),
                _ => Err(invalid("unknown op")),
            }
        }
    }
}

fn operands(value: &Value, depth: usize) -> Outcome<Vec<Predicate>> {
    let operands = value.get("operands").and_then(Value::as_array);
    let operands = operands.ok_or_else(|| invalid("no operands"))?;
    operands
        .iter()
        .map(|operand| predicate(operand, depth + 1))
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> Outcome<&'a str> {
    value
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| invalid(&format!("no {key}")))
}

fn column(value: &Value) -> Outcome<Expression> {
    let path = value.get("column").and_then(Value::as_array);
    let path = path.ok_or_else(|| invalid("no column"))?;
    let names: Option<Vec<&str>> = path.iter().map(Value::as_str).collect();
    let names = names.ok_or_else(|| invalid("a column path is a list of names"))?;
    Ok(Expression::Column(ColumnName::new(names)))
}

fn literal(value: &Value) -> Outcome<Scalar> {
    let (kind, text) = (text(value, "type")?, text(value, "value")?);
    let wrong = || invalid(&format!("\"{text}\" is not a {kind}"));
    match kind {
        "string" => Ok(Scalar::String(text.to_string())),
        "date" => Ok(Scalar::Date(text.parse().map_err(|_| wrong())?)),
        "timestamp" => Ok(Scalar::Timestamp(text.parse().map_err(|_| wrong())?)),
        "timestamp_ntz" => Ok(Scalar::TimestampNtz(text.parse().map_err(|_| wrong())?)),
        _ => {
            let name = Value::String(kind.to_string());
            let data_type: DataType = serde_json::from_value(name).map_err(|_| wrong())?;
            let primitive: &PrimitiveType = match &data_type {
                DataType::Primitive(primitive) => primitive,
                _ => return Err(wrong()),
            };
            primitive.parse_scalar(text).map_err(|_| wrong())
        }
    }
}
