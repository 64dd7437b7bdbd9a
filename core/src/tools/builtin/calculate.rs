mod expression;
mod number;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::FunctionTool;

const DESCRIPTION: &str = "\
Computes an arithmetic expression with + - * / % ^, parentheses and the functions min, max, abs, round, sqrt and pow.";

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// What to compute, for example `2 * (3 + 4) ^ 2` or `round(10 / 3, 2)`
    expression: String,
}

/// The tool `calculate`: the value of an arithmetic expression.
///
/// `^`, or `**`, is a power and binds tighter than a sign before it, to the right: `-2^2` is -4, `2^3^2` is 512. The
/// sign of a remainder is that of the first number. `round` goes away from zero at the middle, and takes how many
/// decimal places to keep. Whole numbers are exact up to 38 digits; others, and larger ones, have 15 digits.
///
/// Division by zero, roots and powers without a real value, and what is above 1.7e308 are errors by name. So are
/// expressions of more than 4096 bytes and of more than 100 levels.
///
/// # What it can never do
///
/// Anything but arithmetic: there are no variables, assignments, loops, files or other functions. It takes time in
/// proportion to the length of the expression.
///
/// ```
/// use rushlight::tools::builtin::calculate;
/// use rushlight::{Tool, ToolCall};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let call = ToolCall::new("1", "calculate", serde_json::json!({"expression": "2 * (3 + 4) ^ 2"}));
/// assert_eq!(calculate().invoke(&call).await.unwrap(), "98");
/// # });
/// ```
pub fn calculate() -> FunctionTool {
    FunctionTool::new("calculate", DESCRIPTION, async |arguments: Arguments| {
        expression::value(&arguments.expression).map(|number| number.to_string())
    })
}
