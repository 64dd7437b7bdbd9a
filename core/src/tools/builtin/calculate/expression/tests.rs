use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> String {
    value(text).map_or_else(|mistake| mistake, |number| number.to_string())
}

#[test]
fn operators_bind_as_in_mathematics() {
    let cases = [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 4 - 3", "3"),
        ("100 / 10 / 5", "2"),
        ("2 ^ 3 ^ 2", "512"),
        ("2 ** 3", "8"),
        ("-2 ^ 2", "-4"),
        ("(-2) ^ 2", "4"),
        ("2 ^ -1", "0.5"),
        ("2 ^ -3 * 4", "0.5"),
        ("--5", "5"),
        ("+5 - -5", "10"),
        ("7 % 4 * 2", "6"),
        ("-7 % 4", "-3"),
        ("2 * -3", "-6"),
        (" \t1\n+1 ", "2"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn whole_numbers_are_exact_and_others_have_fifteen_digits() {
    let cases = [
        ("9007199254740993 + 0", "9007199254740993"),
        ("2 ^ 100", "1267650600228229401496703205376"),
        ("2 ^ 200", "1.60693804425899e60"),
        ("170141183460469231731687303715884105727 + 1", "1.70141183460469e38"),
        ("10 / 4", "2.5"),
        ("12 / 4", "3"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3", "0.333333333333333"),
        ("0.1 + 0.2 - 0.3 < 1", "at character 17: expected an operator or the end, got `<`"),
        ("1e3", "1000"),
        ("1.5e-9", "1.5e-9"),
        (".5 + 5.", "5.5"),
        ("0 * -1.5", "0"),
        ("0 ^ 0", "1"),
        ("(-1) ^ 1000000000000", "1"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn functions_take_what_they_say() {
    let cases = [
        ("min(3, 1, 2)", "1"),
        ("max(3, 10 / 3, 2)", "3.33333333333333"),
        ("max(5)", "5"),
        ("abs(-3) + abs(3.5)", "6.5"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.675, 2)", "2.68"),
        ("round(1.005, 2)", "1.01"),
        ("round(7, 3)", "7"),
        ("round(1e300, 2)", "1e300"),
        ("sqrt(16)", "4"),
        ("sqrt(2)", "1.4142135623731"),
        ("pow(2, 10)", "1024"),
        ("pow(2, 0.5) ^ 2", "2"),
        ("sqrt(max(1, 2) * 2)", "2"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_has_no_value_says_why() {
    let deep = format!("{}1{}", "(".repeat(101), ")".repeat(101));
    let signs = format!("{}1", "-".repeat(3000));
    let powers = ["2"; 150].join("^");
    let cases = [
        ("", "at character 1: expected a number, `(` or a function, got the end"),
        ("1 +", "at character 4: expected a number, `(` or a function, got the end"),
        ("1 2", "at character 3: expected an operator or the end, got `2`"),
        ("1,000", "at character 2: expected an operator or the end, got `,`"),
        ("(1", "at character 3: expected `)`, got the end"),
        ("1)", "at character 2: expected an operator or the end, got `)`"),
        ("é", "at character 1: expected a number, `(` or a function, got `é`"),
        ("1 / 0", "division by zero: `1 / 0`"),
        ("1 % (2 - 2)", "division by zero: `1 % 0`"),
        ("1 / 0.0", "division by zero: `1 / 0`"),
        ("0 ^ -1", "division by zero: `0 ^ -1`"),
        ("sqrt(-1)", "a negative number has no real square root: `sqrt(-1)`"),
        ("(-8) ^ 0.5", "the result is no real number: `-8 ^ 0.5`"),
        ("1e308 * 10", "the result is too large, expected at most 1.7e308"),
        ("10 ^ 400", "the result is too large, expected at most 1.7e308: `10 ^ 400`"),
        ("1e999", "the result is too large, expected at most 1.7e308"),
        ("1e", "expected a number, got `1e`"),
        (".", "expected a number, got `.`"),
        ("1.2.3", "at character 4: expected an operator or the end, got `.`"),
        ("sin(1)", "no function is named `sin`, expected one of: min, max, abs, round, sqrt, pow"),
        ("x + 1", "no function is named `x`, expected one of: min, max, abs, round, sqrt, pow"),
        ("abs 1", "at character 5: expected `(`, got `1`"),
        ("min()", "at character 5: expected a number, `(` or a function, got `)`"),
        ("sqrt(1, 2)", "`sqrt` does not take 2 numbers"),
        ("pow(2)", "`pow` does not take 1 numbers"),
        ("round(1.5, 16)", "`round` keeps 0 to 15 decimal places, got `16`"),
        ("__import__('os')", "at character 1: expected a number, `(` or a function, got `_`"),
        (deep.as_str(), "expected at most 100 levels, got more"),
        (signs.as_str(), "expected at most 100 levels, got more"),
        (powers.as_str(), "expected at most 100 levels, got more"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
    assert_eq!(shown(&"1".repeat(5000)), "expected at most 4096 bytes, got 5000");
}

#[test]
fn a_long_chain_is_no_deep_one() {
    assert_eq!(shown(&vec!["1"; 2000].join("+")), "2000");
}

/// An expression as a tree: what it is worth, and how it is written with no more parentheses than it needs.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(u32),
    Node(Box<Tree>, char, Box<Tree>),
    Negative(Box<Tree>),
}

impl Tree {
    fn worth(&self) -> i128 {
        match self {
            Self::Leaf(number) => i128::from(*number),
            Self::Negative(tree) => -tree.worth(),
            Self::Node(left, '+', right) => left.worth() + right.worth(),
            Self::Node(left, '-', right) => left.worth() - right.worth(),
            Self::Node(left, _, right) => left.worth() * right.worth(),
        }
    }

    /// 1 for sums, 2 for products, 3 for signs, 4 for numbers.
    fn rank(&self) -> u8 {
        match self {
            Self::Node(_, '*', _) => 2,
            Self::Node(..) => 1,
            Self::Negative(_) => 3,
            Self::Leaf(_) => 4,
        }
    }

    fn written(&self, least: u8) -> String {
        let text = match self {
            Self::Leaf(number) => number.to_string(),
            Self::Negative(tree) => format!("-{}", tree.written(3)),
            Self::Node(left, operator, right) => {
                format!("{} {operator} {}", left.written(self.rank()), right.written(self.rank() + 1))
            }
        };
        if self.rank() < least { format!("({text})") } else { text }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = (0..1000_u32).prop_map(Tree::Leaf);
    leaf.prop_recursive(6, 24, 2, |inner| {
        let operator = prop_oneof![Just('+'), Just('-'), Just('*')];
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| Tree::Node(left.into(), operator, right.into())),
            1 => inner.prop_map(|tree| Tree::Negative(tree.into())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_written_has_a_value_or_a_mistake(text in "\\PC{0,200}") {
        let _ = shown(&text);
    }

    #[test]
    fn whatever_is_almost_arithmetic_has_a_value_or_a_mistake(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "1", "0", "2.5", "1e300", "1e-300", "170141183460469231731687303715884105727", "+", "-", "*", "/",
                "%", "^", "(", ")", ",", "min(", "max(", "abs(", "round(", "sqrt(", "pow(", " ", ".", "e",
            ]),
            0..40,
        )
    ) {
        let _ = shown(&parts.concat());
    }

    #[test]
    fn a_tree_written_down_is_worth_the_same(tree in trees()) {
        // 24 leaves below 1000 may be more than 38 digits.
        prop_assume!(tree.written(0).matches('*').count() <= 10);
        prop_assert_eq!(shown(&tree.written(0)), tree.worth().to_string());
    }
}
