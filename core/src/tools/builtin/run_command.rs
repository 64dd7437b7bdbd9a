mod process;
mod rules;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::process::Process;
pub use self::rules::AllowedCommand;
use self::rules::Rules;
use crate::message::ToolSpec;
use crate::schema::schema_of;
use crate::setters::setters;
use crate::{Error, FunctionTool, Result};

/// How the processes of [`run_command`] run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RunCommandOptions {
    /// Variables of this process that the others get, for example `PATH` or `HOME`. Default none.
    pub environment: Vec<String>,
    /// How long one may run. Default 10 s.
    pub timeout: Duration,
    /// At most this much of what one writes is given, of each of its two outputs: the beginning and the end.
    /// Default 6 KiB.
    pub max_output_bytes: usize,
    /// Nothing is started; the output says what would be. Default false.
    pub dry_run: bool,
}

setters!(RunCommandOptions { timeout: Duration, max_output_bytes: usize, dry_run: bool });

impl RunCommandOptions {
    /// The same with these names of variables.
    #[must_use]
    pub fn environment(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.environment = names.into_iter().map(Into::into).collect();
        self
    }
}

impl Default for RunCommandOptions {
    fn default() -> Self {
        Self {
            environment: Vec::new(),
            timeout: Duration::from_secs(10),
            max_output_bytes: 6 << 10,
            dry_run: false,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Name of the program
    program: String,
    /// Its arguments, one by one, as they are: nothing in them is quoted or expanded
    #[serde(default)]
    arguments: Vec<String>,
}

/// The tool `run_command`: runs an allowed program with allowed arguments in the folder `dir`, and gives its exit
/// code and what it wrote.
///
/// Programs are looked up on `PATH` once, when the tool is made. A process has a group of its own. When its time is
/// over, or nobody waits for it any more, the whole group ends: a process that ran out of time is asked to
/// (`SIGTERM`) and has half a second. What it left running in the background ends with it. Bytes that are not
/// UTF-8 become U+FFFD.
///
/// # What it can never do
///
/// - Run anything else: the program is one of `commands`, and every argument matches its pattern as a whole.
/// - Be talked into more by an argument: there is no shell, so nothing is quoted, expanded or piped. An argument that
///   begins with `-` matches only a pattern that begins with `-`.
/// - See variables that are not named, read from the terminal, or run anywhere but in `dir`.
/// - Hold up a run: time and output are bounded, also for programs that ignore signals, start children or write
///   without end.
///
/// What an allowed program does is up to the program: it is no sandbox. One that leaves its process group, as daemons do,
/// is not found when the group ends.
///
/// # Errors
///
/// [`Error::Io`]: `dir` cannot be opened. [`Error::Invalid`]: there are no commands, a pattern is no regular expression,
/// a program is not on `PATH`, a name of a variable holds `=`, or a limit is zero.
#[expect(clippy::needless_pass_by_value, reason = "options are handed over, as to every tool")]
pub fn run_command(
    dir: impl Into<PathBuf>,
    commands: Vec<AllowedCommand>,
    options: RunCommandOptions,
) -> Result<FunctionTool> {
    check(&options)?;
    let dir = dir.into();
    let open = |error| Error::io("open the folder", dir.clone(), error);
    let resolved = dir.canonicalize().map_err(open)?;
    std::fs::read_dir(&resolved).map_err(open)?;
    let rules = Rules::new(&commands)?;
    let spec = spec(&rules);
    let environment: BTreeMap<String, OsString> =
        options.environment.iter().filter_map(|name| Some((name.clone(), std::env::var_os(name)?))).collect();
    let timeout = options.timeout.saturating_add(process::PATIENCE * 4);
    let shared = Arc::new((rules, environment, resolved, options));
    let of_preview = Arc::clone(&shared);
    let tool = FunctionTool::from_spec(spec, move |asked: Arguments| {
        let shared = Arc::clone(&shared);
        async move {
            let (rules, environment, dir, options) = &*shared;
            if options.dry_run {
                return Ok(format!("dry run, not started: {}", started(rules, &asked, dir)?));
            }
            let program = rules.program(&asked.program, &asked.arguments)?;
            Process { program, arguments: &asked.arguments, environment, dir }.run(options).await
        }
    });
    let tool = tool.previewed(move |asked: Arguments| {
        let (rules, _, dir, _) = &*of_preview;
        Ok(format!("it would have started {}", started(rules, &asked, dir)?))
    });
    Ok(tool.timeout(timeout))
}

/// What a call would start, if it may.
fn started(rules: &Rules, asked: &Arguments, dir: &Path) -> Result<String, String> {
    let program = rules.program(&asked.program, &asked.arguments)?;
    Ok(format!("`{}` with {:?} in `{}`", program.display(), asked.arguments, dir.display()))
}

fn check(options: &RunCommandOptions) -> Result<()> {
    for (name, is_zero) in
        [("`timeout`", options.timeout.is_zero()), ("`max_output_bytes`", options.max_output_bytes == 0)]
    {
        if is_zero {
            return Err(Error::invalid(name, "expected more than 0, got 0"));
        }
    }
    match options.environment.iter().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
        Some(name) => {
            Err(Error::invalid("`environment`", format!("expected names of variables, got `{name}`")))
        }
        None => Ok(()),
    }
}

/// What the model is told: the programs by name, and the patterns.
fn spec(rules: &Rules) -> ToolSpec {
    let mut parameters = schema_of::<Arguments>();
    parameters["properties"]["program"]["enum"] = Value::from(rules.programs());
    let description = format!(
        "Runs a program without a shell; gives its exit code and what it wrote. Allowed, with a regular expression for \
         each argument:\n{}",
        rules.listed()
    );
    ToolSpec::new("run_command", description, parameters)
}

#[cfg(test)]
mod tests;
