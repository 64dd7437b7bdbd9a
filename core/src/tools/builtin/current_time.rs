use std::time::SystemTime;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::setters::setters;
use crate::{FunctionTool, Result};

const DESCRIPTION: &str = "Tells the current date, time and weekday in a time zone.";

/// What [`current_time`] says when the model does not ask for more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CurrentTimeOptions {
    /// The time zone of calls that name none, as the IANA database names it. Default `UTC`.
    pub zone: String,
}

setters!(CurrentTimeOptions { zone: String });

impl Default for CurrentTimeOptions {
    fn default() -> Self {
        Self { zone: "UTC".to_owned() }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Name of the time zone, for example `Europe/Berlin` or `America/New_York`
    zone: Option<String>,
}

#[derive(Debug, Serialize)]
struct Now {
    /// As RFC 3339 writes it, to the second.
    time: String,
    weekday: String,
    zone: String,
}

/// The tool `current_time`: date, time and weekday in a time zone that has a name.
///
/// The rules of time zones are those of the system, or, where it has none, those that came with this library.
///
/// # What it can never do
///
/// Set a clock, wait, or ask a server: it reads the clock of this machine, which may be wrong.
///
/// # Errors
///
/// [`Error::Invalid`](crate::Error::Invalid): no time zone has the name that the options say.
pub fn current_time(options: CurrentTimeOptions) -> Result<FunctionTool> {
    current_time_by(SystemTime::now, options)
}

/// As [`current_time`], by a clock of the caller's own.
#[expect(clippy::needless_pass_by_value, reason = "options are handed over, as to every tool")]
pub fn current_time_by(
    clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    options: CurrentTimeOptions,
) -> Result<FunctionTool> {
    let usual = zone(&options.zone).map_err(|reason| crate::Error::invalid("`zone`", reason))?;
    Ok(FunctionTool::new("current_time", DESCRIPTION, move |arguments: Arguments| {
        let zone = arguments.zone.map_or(Ok(usual.clone()), |name| zone(&name));
        let now = zone.and_then(|zone| now(clock(), zone));
        async { now }
    }))
}

fn zone(name: &str) -> Result<TimeZone, String> {
    let unknown = |_| format!("expected the name of a time zone, as `Europe/Berlin` or `UTC`, got `{name}`");
    TimeZone::get(name).map_err(unknown)
}

fn now(time: SystemTime, zone: TimeZone) -> Result<Now, String> {
    let timestamp =
        Timestamp::try_from(time).map_err(|error| format!("the clock is out of range: {error}"))?;
    let zoned: Zoned = timestamp.to_zoned(zone);
    Ok(Now {
        time: zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        weekday: zoned.strftime("%A").to_string(),
        zone: zoned.time_zone().iana_name().unwrap_or("UTC").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::{Value, json};

    use super::*;
    use crate::{Tool, ToolCall};

    async fn said(options: CurrentTimeOptions, arguments: Value) -> Result<String> {
        // 2024-03-31 00:59:59 UTC: a second before summer time begins in Europe.
        let clock = || UNIX_EPOCH + Duration::from_secs(1_711_846_799);
        let tool = current_time_by(clock, options)?;
        tool.invoke(&ToolCall::new("1", "current_time", arguments)).await
    }

    #[tokio::test]
    async fn the_time_is_that_of_the_zone_and_by_default_utc() {
        let usual = CurrentTimeOptions::default;

        assert_eq!(
            said(usual(), json!({})).await.unwrap(),
            r#"{"time":"2024-03-31T00:59:59+00:00","weekday":"Sunday","zone":"UTC"}"#
        );
        assert_eq!(
            said(usual(), json!({"zone": "America/Los_Angeles"})).await.unwrap(),
            r#"{"time":"2024-03-30T17:59:59-07:00","weekday":"Saturday","zone":"America/Los_Angeles"}"#
        );
        assert_eq!(
            said(usual().zone("Europe/Berlin".to_owned()), json!({})).await.unwrap(),
            r#"{"time":"2024-03-31T01:59:59+01:00","weekday":"Sunday","zone":"Europe/Berlin"}"#
        );
    }

    #[tokio::test]
    async fn a_zone_that_nobody_knows_is_refused() {
        for name in ["Europe/Atlantis", "", "../../etc/passwd", "/etc/passwd"] {
            let error = said(CurrentTimeOptions::default(), json!({"zone": name})).await.unwrap_err();

            let expected = format!(
                "tool `current_time` failed: expected the name of a time zone, as `Europe/Berlin` or `UTC`, got `{name}`"
            );
            assert_eq!(error.chain(), expected);
        }
        let error = current_time(CurrentTimeOptions::default().zone("Mars".to_owned())).unwrap_err();
        assert!(error.to_string().starts_with("invalid `zone`: "), "{error}");
    }

    #[tokio::test]
    async fn a_clock_out_of_range_is_an_error() {
        let tool =
            current_time_by(|| UNIX_EPOCH - Duration::from_secs(1 << 40), CurrentTimeOptions::default());

        let error = tool.unwrap().invoke(&ToolCall::new("1", "current_time", json!({}))).await.unwrap_err();

        assert!(error.chain().contains("the clock is out of range"), "{}", error.chain());
    }
}
