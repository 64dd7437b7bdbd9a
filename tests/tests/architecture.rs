//! The shape of the code: imports run one way, files stay short, front doors hold no logic.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The modules of the core crate in the order in which they may be used: each may use those of the groups
/// before its own; modules of one group do not know each other.
const ORDER: [&[&str]; 9] = [
    &["duration", "error", "message", "setters"],
    &["observe", "schema"],
    &["http"],
    &["llm", "retrieval", "session"],
    &["tools"],
    &["cache"],
    &["layer"],
    &["agent"],
    &["lib"],
];

/// The crates of the workspace and which of its crates each may depend on.
const CRATES: [(&str, &[&str]); 12] = [
    ("core/kernels", &[]),
    ("core/macros", &[]),
    ("core/models", &["rushlight-kernels"]),
    ("core", &["rushlight-kernels", "rushlight-models", "rushlight-macros"]),
    ("core/mcp", &["rushlight"]),
    ("bindings-python", &["rushlight", "rushlight-mcp", "rushlight-unified"]),
    ("bindings-node", &["rushlight", "rushlight-mcp", "rushlight-unified"]),
    ("tests", &["rushlight", "rushlight-mcp", "rushlight-models"]),
    ("benches", &["rushlight", "rushlight-models", "rushlight-kernels"]),
    ("examples", &["rushlight", "rushlight-mcp", "rushlight-unified"]),
    ("xtask", &["rushlight", "rushlight-models", "rushlight-unified"]),
    ("xtask/unified", &[]),
];

const MAX_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files below a folder with one of these endings, without what is built or fetched.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_built =
                matches!(name.as_str(), "target" | "node_modules" | "dist" | "build" | "__pycache__");
            let is_foreign = path.is_dir() && (is_built || name.starts_with('.'));
            if path.is_dir() && !is_foreign {
                open.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// The lines of a Rust file that are code, without comments.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned());
    lines.filter(|line| !line.trim().is_empty()).collect()
}

/// The module that `crate::name` stands for: itself, or the one that `lib.rs` re-exports it from.
fn module_of(name: &str, exports: &str) -> Option<String> {
    if ORDER.iter().any(|group| group.contains(&name)) {
        return Some(name.to_owned());
    }
    let holder = exports.split(';').find(|export| {
        export
            .split(|character: char| !character.is_alphanumeric() && character != '_')
            .any(|word| word == name)
    })?;
    let path = holder.split("pub use ").nth(1)?;
    Some(path.split("::").next()?.trim().to_owned())
}

/// The names that follow `crate::` in the code, `crate::{a, b::c}` included.
fn uses(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (start, path) in code.match_indices("crate::") {
        let is_word =
            code[..start].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_');
        if is_word {
            continue;
        }
        let rest = &code[start + path.len()..];
        let word = |text: &str| -> String {
            text.trim_start()
                .chars()
                .take_while(|character| character.is_alphanumeric() || *character == '_')
                .collect()
        };
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        for item in list.split_inclusive([',', '{', '}']) {
            if depth == 0 {
                names.insert(word(item));
            }
            match item.chars().next_back() {
                Some('{') => depth += 1,
                Some('}') if depth == 0 => break,
                Some('}') => depth -= 1,
                _ => {}
            }
        }
    }
    names.remove("");
    names
}

#[test]
fn imports_of_the_core_crate_run_one_way() {
    let source = root().join("core/src");
    let exports = code(&source.join("lib.rs")).join("\n");
    let rank = |module: &str| ORDER.iter().position(|group| group.contains(&module));
    let mut wrong = Vec::new();
    for file in files(&source, &[".rs"]) {
        let inside = file.strip_prefix(&source).unwrap();
        let module = inside.iter().next().unwrap().to_string_lossy().replace(".rs", "");
        let own = rank(&module).unwrap_or_else(|| panic!("module `{module}` has no place in the order"));
        for name in uses(&code(&file).join("\n")) {
            let used = module_of(&name, &exports).unwrap_or_else(|| {
                panic!("`crate::{name}` in {} is nothing that lib.rs names", relative(&file))
            });
            let is_allowed = used == module || rank(&used).is_some_and(|used| used < own);
            if !is_allowed {
                wrong.push(format!("{} uses `crate::{name}` of module `{used}`", relative(&file)));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_checker_sees_every_form_of_an_import() {
    let code = "use crate::{Error, llm::{Llm, Prompt}, cache::Key};\nlet x = crate::agent::Run; mycrate::no";

    let names: Vec<String> = uses(code).into_iter().collect();

    assert_eq!(names, ["Error", "agent", "cache", "llm"]);
}

#[test]
fn crates_depend_only_on_what_lies_below_them() {
    let members = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for (folder, allowed) in CRATES {
        assert!(members.contains(&format!("\"{folder}\"")), "{folder} is no member");
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let own = manifest.lines().find_map(|line| line.strip_prefix("name = ")).unwrap().trim_matches('"');
        let dependencies = manifest.split("dependencies]").skip(1).flat_map(str::lines);
        let names = dependencies
            .filter_map(|line| line.split(['.', '=', ' ']).next())
            .filter(|name| name.starts_with("rushlight"));
        for name in names.filter(|name| *name != own) {
            assert!(allowed.contains(&name) || folder == "benches", "{folder} depends on {name}");
        }
    }
}

#[test]
fn unsafe_code_stays_behind_its_walls() {
    let core = fs::read_to_string(root().join("core/src/lib.rs")).unwrap();
    assert!(core.contains("#![forbid(unsafe_code)]"));
    for file in files(&root().join("core/models/src"), &[".rs"]) {
        let has_unsafe =
            code(&file).iter().any(|line| line.contains("unsafe {") || line.contains("unsafe fn"));
        assert!(!has_unsafe || file.ends_with("map.rs"), "{} has unsafe code", relative(&file));
    }
}

#[test]
fn no_source_file_is_longer_than_a_person_can_hold() {
    let generated = |path: &str| [".d.ts", ".pyi", "native.js"].iter().any(|end| path.ends_with(end));
    let long: Vec<String> = files(&root(), &[".rs", ".py", ".ts", ".mjs", ".js"])
        .iter()
        .map(|file| (relative(file), fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(file, lines)| *lines > MAX_LINES && !generated(file))
        .map(|(file, lines)| format!("{file} has {lines} lines"))
        .collect();

    assert!(long.is_empty(), "expected at most {MAX_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn front_doors_hold_no_logic() {
    let logic = ["if ", "match ", "while ", "loop ", "for ", "let "];
    let mut doors = files(&root().join("core"), &["mod.rs"]);
    doors.push(root().join("core/src/lib.rs"));
    for door in doors {
        for line in code(&door) {
            let line = line.trim();
            let is_logic = logic.iter().any(|word| line.starts_with(word));
            assert!(!is_logic, "{} holds logic: {line}", relative(&door));
        }
    }
}

/// The dependencies from registries that a selection of crates is built with, each with its features.
fn dependencies(selection: &[&str], edges: &str) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--offline", "--prefix", "none", "--format", "{p} {f}", "--edges", edges]);
    let output = tree.args(selection).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let is_foreign =
        |line: &&str| !line.is_empty() && !line.starts_with("rushlight") && !line.starts_with("xtask");
    lines.lines().filter(is_foreign).map(|line| line.replace(" (*)", "")).collect()
}

#[test]
fn parts_of_the_workspace_are_built_with_the_dependencies_of_the_whole() {
    let whole = dependencies(&["--workspace"], "normal,build,dev");
    for part in ["xtask", "rushlight-python", "rushlight-node"] {
        let own = dependencies(&["--package", part], "normal,build");
        let different: Vec<&String> = own.difference(&whole).collect();

        assert!(own.len() > 100, "{part}: {own:?}");
        assert!(different.is_empty(), "xtask/unified lacks features that {part} goes without: {different:?}");
    }
}
