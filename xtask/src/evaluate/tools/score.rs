use rushlight::ToolSpec;

use super::case::{Case, Expected};
use super::check::is_exact;
use crate::engine::{Call, Reply};

/// What only stands in a text where a call was begun: all of one of these.
const BEGINNINGS: [&[&str]; 3] = [&["<tool_call>"], &["[TOOL_CALLS]"], &["\"name\"", "\"arguments\""]];

/// Thresholds of a call's probability that are tried.
const THRESHOLDS: [f32; 4] = [0.5, 0.8, 0.9, 0.95];

/// What a side made of the cases of a set.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Score {
    /// Calls, also those that nobody can read.
    calls: u32,
    valid: u32,
    /// Cases in which one call is right.
    to_call: u32,
    right_tool: u32,
    exact: u32,
    /// Cases in which no call is right.
    to_abstain: u32,
    abstained: u32,
    seconds: f64,
    /// How likely a call was in each case, where the side says so.
    probabilities: Vec<f32>,
}

impl Score {
    pub(super) fn add(&mut self, case: &Case, reply: &Reply) {
        let begun = || BEGINNINGS.iter().any(|marks| marks.iter().all(|mark| reply.text.contains(mark)));
        let unreadable = reply.calls.is_empty() && begun();
        self.calls += reply.calls.len() as u32 + u32::from(unreadable);
        self.valid += reply.calls.iter().filter(|call| is_valid(call, &case.tools)).count() as u32;
        self.seconds += reply.seconds;
        self.probabilities.extend(reply.call_probability);
        match &case.expected {
            Expected::Call(gold) => {
                self.to_call += 1;
                let first = reply.calls.first();
                self.right_tool += u32::from(first.is_some_and(|call| call.name == gold.name));
                self.exact += u32::from(matches!(&reply.calls[..], [only] if is_exact(only, gold)));
            }
            Expected::Text => {
                self.to_abstain += 1;
                self.abstained += u32::from(reply.calls.is_empty() && !unreadable);
            }
        }
    }

    /// The figures that the set has cases for: more is better.
    pub(super) fn shares(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let shares = [
            ("valid_calls", self.valid, self.calls),
            ("right_tool", self.right_tool, self.to_call),
            ("exact_arguments", self.exact, self.to_call),
            ("abstention", self.abstained, self.to_abstain),
        ];
        let counted = shares.into_iter().filter(|(_, _, of)| *of > 0);
        counted.map(|(figure, count, of)| (figure, f64::from(count) / f64::from(of)))
    }

    /// One of them.
    pub(super) fn share(&self, figure: &str) -> Option<f64> {
        self.shares().find_map(|(name, share)| (name == figure).then_some(share))
    }

    /// The share of the cases in which a call is at least so likely, for each threshold: with it as the prompt's own, these
    /// would be calls and the others words.
    pub(super) fn likely(&self) -> impl Iterator<Item = (f32, f64)> {
        let of = self.probabilities.len();
        let share = move |threshold| {
            let likely = self.probabilities.iter().filter(|&&probability| probability >= threshold).count();
            (threshold, likely as f64 / of as f64)
        };
        THRESHOLDS.into_iter().map(share).filter(move |_| of > 0)
    }

    /// Seconds of a case: less is better.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds / f64::from(self.to_call + self.to_abstain)
    }
}

/// Whether the call is of one of these tools and fits its schema.
fn is_valid(call: &Call, tools: &[ToolSpec]) -> bool {
    let tool = tools.iter().find(|tool| tool.name == call.name);
    tool.is_some_and(|tool| jsonschema::is_valid(&tool.parameters, &call.arguments))
}

#[cfg(test)]
mod tests {
    use rushlight::{Message, ToolSpec};
    use serde_json::{Value, json};

    use super::Score;
    use crate::engine::{Call, Reply};
    use crate::evaluate::tools::case::{Case, Expected, Gold};

    fn case(expected: Expected) -> Case {
        let parameters = json!({"type": "object", "properties": {"to": {"type": "string"}}});
        let tools = vec![ToolSpec::new("sail", "Sails", parameters)];
        Case { messages: vec![Message::user("Sail!")], tools, expected }
    }

    fn reply(text: &str, calls: &[(&str, Value)]) -> Reply {
        let calls = calls
            .iter()
            .map(|(name, arguments)| Call { name: (*name).to_owned(), arguments: arguments.clone() });
        Reply { text: text.to_owned(), calls: calls.collect(), seconds: 2.0, ..Reply::default() }
    }

    #[test]
    fn calls_count_as_they_were_made() {
        let gold = Gold::exactly("sail", json!({"to": "Goa"}).as_object().unwrap().clone());
        let to_call = case(Expected::Call(gold));
        let mut score = Score::default();

        score.add(&to_call, &reply("", &[("sail", json!({"to": "goa"}))]));
        score.add(&to_call, &reply("", &[("sail", json!({"to": 1}))]));
        score.add(&to_call, &reply("<tool_call>{", &[]));
        score.add(&to_call, &reply("No.", &[]));

        let shares: Vec<_> = score.shares().collect();
        assert_eq!(shares, [("valid_calls", 1.0 / 3.0), ("right_tool", 0.5), ("exact_arguments", 0.25)]);
        assert!((score.seconds() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_threshold_keeps_the_calls_that_are_likelier() {
        let mut score = Score::default();
        for probability in [0.2, 0.8, 0.93, 0.99] {
            let reply = Reply { call_probability: Some(probability), ..reply("", &[]) };
            score.add(&case(Expected::Text), &reply);
        }

        assert_eq!(score.likely().collect::<Vec<_>>(), [(0.5, 0.75), (0.8, 0.75), (0.9, 0.5), (0.95, 0.25)]);
        assert_eq!(Score::default().likely().count(), 0);
    }

    #[test]
    fn a_text_is_right_where_no_call_is() {
        let mut score = Score::default();

        score.add(&case(Expected::Text), &reply("The sea is calm.", &[]));
        score.add(&case(Expected::Text), &reply("", &[("row", json!({}))]));

        assert_eq!(score.shares().collect::<Vec<_>>(), [("valid_calls", 0.0), ("abstention", 0.5)]);
    }
}
