use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::*;
use crate::{Tool, ToolCall, ToolContext, ToolRegistry, ToolStatus, Toolbox};

/// Any script, for a shell that is allowed.
fn shell() -> Vec<AllowedCommand> {
    vec![AllowedCommand::new("sh", ["-c", "(?s).*"])]
}

fn options() -> RunCommandOptions {
    RunCommandOptions::default().environment(["PATH"])
}

async fn outcome(tool: &FunctionTool, program: &str, arguments: &[&str]) -> Result<String, String> {
    let call = ToolCall::new("1", "run_command", json!({"program": program, "arguments": arguments}));
    tool.invoke(&call).await.map_err(|error| error.chain().replace("tool `run_command` failed: ", ""))
}

/// What a script gives in a folder.
async fn run_in(dir: &Path, options: RunCommandOptions, script: &str) -> Result<String, String> {
    outcome(&run_command(dir, shell(), options).unwrap(), "sh", &["-c", script]).await
}

async fn run(options: RunCommandOptions, script: &str) -> Result<String, String> {
    run_in(&std::env::temp_dir(), options, script).await
}

/// Whether a process with the number that this file holds runs.
fn runs(file: &Path) -> bool {
    let number = std::fs::read_to_string(file).unwrap();
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", number.trim()]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

/// Waits until a process is gone, for 5 seconds at most.
async fn is_gone(file: &Path) -> bool {
    for _ in 0..100 {
        if !runs(file) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn the_exit_code_and_both_outputs_are_given() {
    assert_eq!(
        run(options(), "echo out; echo err >&2; exit 3").await.unwrap(),
        "exit code 3\noutput:\nout\nerrors:\nerr"
    );
    assert_eq!(run(options(), "true").await.unwrap(), "exit code 0");
    assert_eq!(run(options(), "kill -9 $$").await.unwrap(), "ended by signal 9");
}

#[tokio::test]
async fn nothing_in_an_argument_is_quoted_or_expanded() {
    let echo = vec![AllowedCommand::new("printf", ["%s"]).more("(?s).*")];
    let tool = run_command(std::env::temp_dir(), echo, options()).unwrap();

    for argument in ["$HOME", "*", "`id`", "a; rm -rf /", "$(id)", "\"", "a\nb", "| cat", "~", "é 🌙"] {
        let said = outcome(&tool, "printf", &["%s", argument]).await.unwrap();
        assert_eq!(said, format!("exit code 0\noutput:\n{argument}"));
    }
}

#[tokio::test]
async fn only_allowed_programs_run_and_only_with_arguments_that_match_as_a_whole() {
    let commands = vec![
        AllowedCommand::new("echo", ["get", "pods|nodes"]).more("[a-z-]+"),
        AllowedCommand::new("echo", ["logs", "[a-z]+", "--tail=[0-9]+"]),
        AllowedCommand::new("/bin/sh", Vec::<String>::new()),
    ];
    let tool = run_command(std::env::temp_dir(), commands, options()).unwrap();

    for (arguments, said) in [
        (vec!["get", "pods"], "get pods"),
        (vec!["get", "nodes", "a", "b-c"], "get nodes a b-c"),
        (vec!["logs", "web", "--tail=5"], "logs web --tail=5"),
    ] {
        assert_eq!(
            outcome(&tool, "echo", &arguments).await.unwrap(),
            format!("exit code 0\noutput:\n{said}")
        );
    }
    let refused: [(&str, &[&str]); 15] = [
        ("echo", &[]),
        ("echo", &["get"]),
        ("echo", &["delete", "pods"]),
        ("echo", &["get", "pods2"]),
        ("echo", &["get", "xpods"]),
        ("echo", &["get", "pods\n"]),
        ("echo", &["get", "pods", "A"]),
        ("echo", &["get", "pods", "-f"]),
        ("echo", &["get", "pods", "--namespace"]),
        ("echo", &["logs", "web", "--tail=5", "x"]),
        ("sh", &["-c", "id"]),
        ("/bin/sh", &["-c", "id"]),
        ("/bin/echo", &["get", "pods"]),
        ("../bin/echo", &["get", "pods"]),
        ("", &[]),
    ];
    for (program, arguments) in refused {
        let said = outcome(&tool, program, arguments).await.unwrap_err();
        assert!(
            said.contains("` is not allowed, expected one of:\n- echo `get` `pods|nodes` and any"),
            "{said}"
        );
    }
    let many = vec!["a"; 65];
    let said = outcome(&tool, "echo", &many).await.unwrap_err();
    assert_eq!(said, "expected at most 64 arguments, got 65");
}

#[test]
fn the_model_is_told_the_programs_and_patterns() {
    let commands = vec![
        AllowedCommand::new("sh", ["-x"]),
        AllowedCommand::new("ls", Vec::<String>::new()).more("[a-z]+"),
    ];
    let tool = run_command(std::env::temp_dir(), commands, options()).unwrap();

    assert_eq!(tool.spec().parameters["properties"]["program"]["enum"], json!(["ls", "sh"]));
    assert_eq!(tool.spec().parameters["required"], json!(["program"]));
    assert!(tool.spec().description.ends_with(":\n- sh `-x`\n- ls and any number of `[a-z]+`"));
}

#[test]
fn what_cannot_be_meant_is_refused_when_the_tool_is_made() {
    let refused = |commands: Vec<AllowedCommand>, options: RunCommandOptions| {
        run_command(std::env::temp_dir(), commands, options).unwrap_err().to_string()
    };
    let ls = |pattern: &str| vec![AllowedCommand::new("ls", [pattern])];

    assert_eq!(refused(Vec::new(), options()), "invalid `commands`: expected at least one, got none");
    for pattern in ["a)|(b", "(", "(?x) a # "] {
        let message = refused(ls(pattern), options());
        assert!(message.starts_with(&format!("invalid pattern of `ls`: `{pattern}`: ")), "{message}");
    }
    for program in ["no-such-program", "bin/ls", "", "/etc", "/etc/passwd"] {
        let message = refused(vec![AllowedCommand::new(program, ["a"])], options());
        assert_eq!(
            message,
            format!("invalid program: expected a name on `PATH` or an absolute path, got `{program}`")
        );
    }
    assert!(refused(ls("a"), options().timeout(Duration::ZERO)).starts_with("invalid `timeout`: "));
    assert!(refused(ls("a"), options().max_output_bytes(0)).starts_with("invalid `max_output_bytes`: "));
    assert!(refused(ls("a"), options().environment(["A=B"])).starts_with("invalid `environment`: "));
    let nowhere = run_command("/nowhere", ls("a"), options()).unwrap_err();
    assert_eq!(nowhere.kind(), crate::ErrorKind::Io);
}

#[tokio::test]
async fn a_process_sees_only_named_variables_its_folder_and_no_input() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().canonicalize().unwrap();

    let said = run_in(&folder, options(), "env | cut -d= -f1 | sort | tr '\\n' ' '; pwd; cat").await.unwrap();

    assert!(std::env::var_os("HOME").is_some());
    // A shell sets some of its own.
    let own = ["PATH", "PWD", "OLDPWD", "SHLVL", "_"];
    let words: Vec<&str> = said.strip_prefix("exit code 0\noutput:\n").unwrap().split_whitespace().collect();
    let (shown, names) = words.split_last().unwrap();
    assert_eq!(Path::new(shown), folder);
    assert!(names.iter().all(|name| own.contains(name)), "{names:?}");
}

#[tokio::test]
async fn a_dry_run_says_what_would_run_and_runs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().canonicalize().unwrap();
    let tool =
        run_command(&folder, vec![AllowedCommand::new("/bin/sh", ["-c", ".*"])], options().dry_run(true));
    let tool = tool.unwrap();

    let said = outcome(&tool, "/bin/sh", &["-c", "touch made"]).await.unwrap();
    let refused = outcome(&tool, "/bin/sh", &["made"]).await;

    let expected =
        format!("dry run, not started: `/bin/sh` with [\"-c\", \"touch made\"] in `{}`", folder.display());
    assert_eq!(said, expected);
    assert!(refused.is_err());
    assert!(!folder.join("made").exists());
}

#[tokio::test]
async fn a_dry_run_keeps_to_the_rules() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().canonicalize().unwrap();
    let tool = run_command(&folder, vec![AllowedCommand::new("sh", ["-c", "touch .*"])], options()).unwrap();
    let tools = Toolbox::new().add(tool).unwrap();
    let dry_run = async |script: &str| {
        let call = ToolCall::new("1", "run_command", json!({"program": "sh", "arguments": ["-c", script]}));
        tools.invoke_for(&call, &ToolContext::new().dry_run()).await.unwrap()
    };

    let allowed = dry_run("touch made").await;
    let forbidden = dry_run("rm made").await;

    let said = &allowed.content;
    assert_eq!(allowed.status, ToolStatus::DryRun);
    assert!(said.starts_with("dry run: `run_command` was not run; it would have started `/"), "{said}");
    let rest = format!("/sh` with [\"-c\", \"touch made\"] in `{}`", folder.display());
    assert!(said.ends_with(&rest), "{said}");
    assert_eq!(forbidden.status, ToolStatus::Error);
    assert!(
        forbidden.content.starts_with("`run_command` failed: `sh -c rm made` is not allowed"),
        "{}",
        forbidden.content
    );
    assert!(!folder.join("made").exists());
}

#[tokio::test]
async fn a_process_may_have_all_time_there_is() {
    assert_eq!(
        run(options().timeout(Duration::MAX), "echo done").await.unwrap(),
        "exit code 0\noutput:\ndone"
    );
}

#[tokio::test]
async fn a_process_that_writes_without_end_is_cut() {
    let started = Instant::now();
    let script = "echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last";

    let said = run(options().max_output_bytes(20).timeout(Duration::from_mins(1)), script).await.unwrap();

    assert_eq!(said, "exit code 0\noutput:\nfirst\nxxxx\n[99999992 bytes left out]\nxxxx\nlast");
    assert!(started.elapsed() < Duration::from_secs(50));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_replaced() {
    assert_eq!(
        run(options(), "printf 'a\\377b\\303'").await.unwrap(),
        "exit code 0\noutput:\na\u{fffd}b\u{fffd}"
    );
}

#[tokio::test]
async fn a_process_that_takes_too_long_ends_with_its_children_also_if_they_ignore_signals() {
    let dir = tempfile::tempdir().unwrap();
    let script = "echo begun; trap '' TERM; (trap '' TERM; sleep 60) & echo $! > child; echo $$ > parent; \
                  while true; do sleep 1; done";

    let limit = options().timeout(Duration::from_millis(700));
    let said = run_in(dir.path(), limit, script).await.unwrap_err();

    assert!(said.contains("` did not end within 700ms and was killed\noutput:\nbegun"), "{said}");
    assert!(is_gone(&dir.path().join("parent")).await);
    assert!(is_gone(&dir.path().join("child")).await);
}

#[tokio::test]
async fn a_process_is_asked_to_end_before_it_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let script = "trap 'echo saved > saved; exit 0' TERM; while true; do sleep 0.05; done";

    let said = run_in(dir.path(), options().timeout(Duration::from_millis(500)), script).await;

    assert!(said.unwrap_err().contains("did not end within"));
    assert_eq!(std::fs::read_to_string(dir.path().join("saved")).unwrap(), "saved\n");
}

#[tokio::test]
async fn what_runs_on_in_the_background_ends_with_its_parent() {
    let dir = tempfile::tempdir().unwrap();

    let said = run_in(dir.path(), options(), "sleep 60 & echo $! > child; echo done").await.unwrap();

    assert_eq!(said, "exit code 0\noutput:\ndone");
    assert!(is_gone(&dir.path().join("child")).await);
}

#[tokio::test]
async fn a_process_that_leaves_its_group_does_not_hold_up_the_outcome() {
    if !Path::new("/usr/bin/setsid").exists() {
        return;
    }
    let started = Instant::now();

    let said = run(options(), "setsid sleep 8 & sleep 0.2; echo done").await.unwrap();

    assert_eq!(said, "exit code 0\noutput:\ndone");
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_ends_its_process() {
    let dir = tempfile::tempdir().unwrap();
    let child = dir.path().join("child");
    let tool = run_command(dir.path(), shell(), options()).unwrap();
    let script = "(sleep 60) & echo $! > child.new; mv child.new child; wait";

    let arguments = ["-c", script];
    let running = outcome(&tool, "sh", &arguments);
    let begun = async {
        while !child.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! { _ = running => panic!("it runs for a minute"), () = begun => {} }

    assert!(is_gone(&child).await);
}

#[tokio::test]
async fn the_toolbox_gives_it_the_time_that_it_was_promised() {
    let tool =
        run_command(std::env::temp_dir(), shell(), options().timeout(Duration::from_secs(20))).unwrap();

    assert!(Tool::policy(&tool).timeout.unwrap() > Duration::from_secs(21));
}
