use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::message::ToolStatus;
use crate::{Tool, ToolCall, ToolRegistry, Toolbox};

/// A folder `root` with some files, and a secret beside it.
fn workspace() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("secret.txt", "secret"),
        ("root/a.txt", "one\ntwo\r\nthree\n"),
        ("root/sub/deep/b.rs", "fn b() {}"),
        ("root/empty", ""),
        ("root/.env", "secret"),
        ("root/.git/config", "secret"),
        ("root-beside/c.txt", "secret"),
    ] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn options() -> ReadFileOptions {
    ReadFileOptions::default()
}

async fn outcome(dir: &TempDir, options: ReadFileOptions, arguments: Value) -> Result<String, String> {
    let tool = read_file(dir.path().join("root"), options).unwrap();
    let value = tool.invoke(&ToolCall::new("1", "read_file", arguments)).await;
    value.map_err(|error| error.chain().replace("tool `read_file` failed: ", ""))
}

async fn read_path(dir: &TempDir, path: &str) -> Result<String, String> {
    outcome(dir, options(), json!({"path": path})).await
}

#[tokio::test]
async fn a_file_is_given_as_it_is() {
    let dir = workspace();
    fs::write(dir.path().join("root/bom.txt"), "\u{feff}naïve 🌙").unwrap();

    assert_eq!(read_path(&dir, "a.txt").await.unwrap(), "one\ntwo\r\nthree\n");
    assert_eq!(read_path(&dir, "./sub//deep/./b.rs").await.unwrap(), "fn b() {}");
    assert_eq!(read_path(&dir, "empty").await.unwrap(), "");
    assert_eq!(read_path(&dir, "bom.txt").await.unwrap(), "naïve 🌙");
}

#[tokio::test]
async fn files_can_be_listed_and_then_no_other_path_is_asked_for() {
    let dir = workspace();
    fs::write(dir.path().join("root/.gitignore"), "empty\n").unwrap();
    let tool = |list: usize, size: u64| {
        read_file(dir.path().join("root"), options().list_files(list).max_file_bytes(size)).unwrap()
    };
    let paths = async |toolbox: &Toolbox| {
        let specs = toolbox.specs_for(&ToolContext::new()).await.unwrap();
        specs.first().map(|spec| spec.parameters["properties"]["path"]["enum"].clone())
    };
    let cases = [
        ((2, 100), Some(json!(["a.txt", "sub/deep/b.rs"]))),
        ((9, 9), Some(json!(["sub/deep/b.rs"]))),
        ((0, 100), Some(Value::Null)),
        ((1, 100), Some(Value::Null)),
        ((9, 0), None),
    ];
    for ((list, size), expected) in cases {
        let toolbox = Toolbox::new().add(tool(list, size)).unwrap();
        assert_eq!(paths(&toolbox).await, expected, "{list} {size}");
    }

    let toolbox = Toolbox::new().add(tool(2, 100)).unwrap();
    let status = async |path: &str| {
        let call = ToolCall::new("1", "read_file", json!({"path": path}));
        toolbox.invoke(&call).await.unwrap().status
    };
    assert_eq!(status("a.txt").await, ToolStatus::Success);
    assert_eq!(status("empty").await, ToolStatus::InvalidArguments);
    fs::remove_file(dir.path().join("root/a.txt")).unwrap();
    fs::write(dir.path().join("root/new.txt"), "new").unwrap();
    assert_eq!(paths(&toolbox).await, Some(json!(["new.txt", "sub/deep/b.rs"])));
}

#[tokio::test]
async fn lines_are_counted_from_one_and_the_output_says_which_they_are() {
    let dir = workspace();
    let lines = |from: Value, to: Value| {
        outcome(&dir, options(), json!({"path": "a.txt", "start_line": from, "end_line": to}))
    };

    assert_eq!(lines(json!(2), json!(2)).await.unwrap(), "two\r\n[lines 2 to 2 of 3]");
    assert_eq!(lines(json!(2), Value::Null).await.unwrap(), "two\r\nthree\n[lines 2 to 3 of 3]");
    assert_eq!(lines(Value::Null, json!(1)).await.unwrap(), "one\n[lines 1 to 1 of 3]");
    assert_eq!(lines(json!(1), json!(99)).await.unwrap(), "one\ntwo\r\nthree\n");
    assert_eq!(lines(json!(4), Value::Null).await.unwrap_err(), "`a.txt` has 3 lines, got `start_line` 4");
    assert_eq!(
        lines(json!(3), json!(2)).await.unwrap_err(),
        "expected `end_line` at or after `start_line`, got 2 and 3"
    );
}

#[tokio::test]
async fn what_does_not_fit_is_cut_after_a_line() {
    let dir = workspace();
    fs::write(dir.path().join("root/long.txt"), format!("{}\nend", "é".repeat(20))).unwrap();
    let small = |bytes: usize| options().max_output_bytes(bytes);
    let part = |bytes, path: &str, line: usize| {
        outcome(&dir, small(bytes), json!({"path": path, "start_line": line}))
    };

    assert_eq!(part(8, "a.txt", 1).await.unwrap(), "one\n[lines 1 to 1 of 3; go on at line 2]");
    assert_eq!(part(9, "a.txt", 1).await.unwrap(), "one\ntwo\r\n[lines 1 to 2 of 3; go on at line 3]");
    assert_eq!(part(9, "a.txt", 3).await.unwrap(), "three\n[lines 3 to 3 of 3]");
    assert_eq!(part(5, "long.txt", 1).await.unwrap(), "éé\n[line 1 of 2, cut: it has 41 bytes]");
    assert_eq!(part(5, "long.txt", 2).await.unwrap(), "end\n[lines 2 to 2 of 2]");
    assert_eq!(
        read_file(dir.path(), small(0)).unwrap_err().to_string(),
        "invalid `max_output_bytes`: expected more than 0, got 0"
    );
}

#[tokio::test]
async fn what_is_no_text_is_refused_with_its_place() {
    let dir = workspace();
    let root = dir.path().join("root");
    fs::write(root.join("latin.txt"), b"first\nsecond caf\xe9 line").unwrap();
    fs::write(root.join("cut.txt"), b"moon \xf0\x9f\x8c").unwrap();
    fs::write(root.join("image.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    fs::write(root.join("big.txt"), vec![b'x'; 2000]).unwrap();

    assert_eq!(
        read_path(&dir, "latin.txt").await.unwrap_err(),
        "expected text in UTF-8, got byte 0xe9 in line 2 of `latin.txt`"
    );
    assert_eq!(
        read_path(&dir, "cut.txt").await.unwrap_err(),
        "expected text in UTF-8, got byte 0xf0 in line 1 of `cut.txt`"
    );
    assert_eq!(
        read_path(&dir, "image.png").await.unwrap_err(),
        "expected a text file, got `image.png`, which is binary"
    );
    assert_eq!(
        outcome(&dir, options().max_file_bytes(1999), json!({"path": "big.txt"})).await.unwrap_err(),
        "expected a file of at most 1999 bytes, got `big.txt` with 2000"
    );
}

#[tokio::test]
async fn paths_that_lead_out_are_refused() {
    let dir = workspace();
    let absolute = dir.path().join("root/a.txt").display().to_string();
    let long = "a/".repeat(5000);
    let outside = [
        "",
        "..",
        "../secret.txt",
        "../root-beside/c.txt",
        "sub/../../secret.txt",
        "sub/../a.txt",
        "./../secret.txt",
        "/etc/passwd",
        "//etc/passwd",
        "/proc/self/environ",
        absolute.as_str(),
        "a.txt\0.png",
    ];
    for path in outside {
        let refused = read_path(&dir, path).await.unwrap_err();
        assert!(
            refused.starts_with("expected a path below the workspace, as `src/main.rs`, got "),
            "{refused}"
        );
    }
    for path in [".env", ".git/config", "sub/.hidden", "./.env"] {
        let refused = read_path(&dir, path).await.unwrap_err();
        assert_eq!(refused, format!("hidden files are not read, got `{path}`"));
    }
    let missing =
        ["~/.ssh", "%2e%2e/secret.txt", "..%2fsecret.txt", "file:///etc/passwd", "‥/secret.txt", "a.txt/b"];
    for path in missing {
        let refused = read_path(&dir, path).await.unwrap_err();
        assert!(
            refused.starts_with("there is no file `") || refused.starts_with("hidden files"),
            "{refused}"
        );
    }
    assert!(read_path(&dir, &long).await.unwrap_err().len() < 200);
    for path in [".", "sub", "sub/"] {
        let refused = read_path(&dir, path).await.unwrap_err();
        assert_eq!(refused, format!("expected a file, got `{path}`, which is a folder or a device"));
    }
}

#[tokio::test]
async fn hidden_files_are_read_where_that_is_allowed() {
    let dir = workspace();

    let text = outcome(&dir, options().hidden(true), json!({"path": ".git/config"})).await;

    assert_eq!(text.unwrap(), "secret");
}

#[tokio::test]
async fn a_root_that_is_no_folder_is_refused_when_the_tool_is_made() {
    let dir = workspace();
    let refused = |path: &Path| read_file(path, options()).unwrap_err().kind();

    assert_eq!(refused(&dir.path().join("nowhere")), crate::ErrorKind::Io);
    assert_eq!(refused(&dir.path().join("secret.txt")), crate::ErrorKind::Io);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn links_are_followed_only_within_the_root() {
        let dir = workspace();
        let root = dir.path().join("root");
        symlink("../secret.txt", root.join("up")).unwrap();
        symlink(dir.path(), root.join("out")).unwrap();
        symlink(root.join("a.txt"), root.join("absolute")).unwrap();
        symlink("up", root.join("chain")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink("/proc/self/root", root.join("magic")).unwrap();
        symlink(".env", root.join("env")).unwrap();
        symlink("sub/deep", root.join("inside")).unwrap();
        symlink("../../a.txt", root.join("sub/deep/back")).unwrap();

        for path in ["up", "out/secret.txt", "absolute", "chain", "loop", "magic/etc/passwd", "env"] {
            let refused = read_path(&dir, path).await.unwrap_err();
            assert!(refused.contains(&format!("`{path}`")) && !refused.contains("secret\n"), "{refused}");
        }
        assert_eq!(read_path(&dir, "inside/b.rs").await.unwrap(), "fn b() {}");
        assert_eq!(read_path(&dir, "inside/back").await.unwrap(), "one\ntwo\r\nthree\n");
    }

    #[tokio::test]
    async fn the_root_itself_may_be_a_link_and_stays_what_it_was() {
        let dir = workspace();
        symlink(dir.path().join("root"), dir.path().join("link")).unwrap();
        let tool = read_file(dir.path().join("link"), options()).unwrap();

        fs::remove_file(dir.path().join("link")).unwrap();
        symlink(dir.path().join("root-beside"), dir.path().join("link")).unwrap();

        let call = |path: &str| ToolCall::new("1", "read_file", json!({"path": path}));
        assert_eq!(tool.invoke(&call("sub/deep/b.rs")).await.unwrap(), "fn b() {}");
        assert!(tool.invoke(&call("c.txt")).await.is_err());
    }

    #[tokio::test]
    async fn a_pipe_is_refused_at_once() {
        let dir = workspace();
        let made = std::process::Command::new("mkfifo").arg(dir.path().join("root/pipe")).status().unwrap();
        assert!(made.success());

        let refused = read_path(&dir, "pipe").await.unwrap_err();

        assert_eq!(refused, "expected a file, got `pipe`, which is a folder or a device");
    }

    #[tokio::test]
    async fn folders_that_are_swapped_for_links_meanwhile_lead_nowhere() {
        let dir = workspace();
        let root = dir.path().join("root");
        fs::create_dir_all(dir.path().join("outside/deep")).unwrap();
        fs::write(dir.path().join("outside/deep/b.rs"), "secret").unwrap();
        symlink("../outside", root.join("trap")).unwrap();
        let stop = AtomicBool::new(false);
        let mut seen = 0;

        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let swap = |from: &str, to: &str| fs::rename(root.join(from), root.join(to)).unwrap();
                    swap("sub", "kept");
                    swap("trap", "sub");
                    swap("sub", "trap");
                    swap("kept", "sub");
                }
            });
            let workspace = Workspace::open(&root, false).unwrap();
            for _ in 0..3000 {
                if let Ok(bytes) = workspace.read("sub/deep/b.rs", 100) {
                    assert_eq!(bytes, b"fn b() {}");
                    seen += 1;
                }
            }
            stop.store(true, Ordering::Relaxed);
        });

        assert!(seen > 0);
    }
}
