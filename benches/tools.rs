//! How long do the tools take with which a model works on code? Through a toolbox, over a repository of 100 000 lines; beside
//! reading every file and looking for the text, which is the simple way. Criterion tells means; percentiles are printed before.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rushlight::tools::builtin::{ReadFileOptions, SearchCodeOptions, read_file, search_code};
use rushlight::{ToolCall, ToolRegistry, Toolbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use walkdir::WalkDir;

const LINES: usize = 100_000;
/// Calls of which percentiles are taken.
const CALLS: usize = 400;

/// A folder of so many lines, and the paths of its files.
struct Repository {
    folder: TempDir,
    paths: Vec<String>,
}

/// Our own source files, again and again with other names in them.
fn repository() -> Repository {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let files = WalkDir::new(&core).sort_by_file_name().into_iter().filter_map(Result::ok);
    let rust = files.filter(|file| file.path().extension().is_some_and(|ending| ending == "rs"));
    let sources: Vec<(String, String)> = rust
        .map(|file| {
            let path = file.path().strip_prefix(&core).expect("it lies there").display().to_string();
            (path, fs::read_to_string(file.path()).expect("it is readable"))
        })
        .collect();
    let (mut paths, mut lines) = (Vec::new(), 0);
    for copy in 0.. {
        for (path, source) in &sources {
            if lines >= LINES {
                return Repository { folder, paths };
            }
            let (path, text) =
                (format!("copy_{copy}/{path}"), source.replace("fn ", &format!("fn v{copy}_")));
            let file = folder.path().join(&path);
            fs::create_dir_all(file.parent().expect("it has a folder")).expect("it can be made");
            fs::write(file, &text).expect("it can be written");
            lines += text.lines().count();
            paths.push(path);
        }
    }
    unreachable!("copies are made until there are enough lines")
}

fn call(runtime: &Runtime, tools: &Toolbox, name: &str, arguments: Value) -> String {
    let output = runtime.block_on(tools.invoke(&ToolCall::new("1", name, arguments)));
    let output = output.expect("a toolbox always answers");
    assert!(output.is_success(), "{}", output.content);
    output.content
}

/// Prints how long calls take.
fn print_percentiles(what: &str, mut call: impl FnMut(usize)) {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|number| {
            let begin = Instant::now();
            call(number);
            begin.elapsed()
        })
        .collect();
    times.sort();
    let percentile = |percent: usize| times[(CALLS * percent).div_ceil(100) - 1];
    println!("{what}: P50 {:?}, P95 {:?}, P99 {:?}", percentile(50), percentile(95), percentile(99));
}

fn tools(criterion: &mut Criterion) {
    let Repository { folder, paths } = repository();
    let runtime = Runtime::new().expect("the machine can start threads");
    let search = search_code(folder.path(), SearchCodeOptions::default()).expect("the folder is there");
    let read = read_file(folder.path(), ReadFileOptions::default()).expect("the folder is there");
    let tools = Toolbox::new().add(search).and_then(|tools| tools.add(read)).expect("the names differ");
    let queries = [
        ("a word in every file", json!({"query": "pub"})),
        ("a word in one file", json!({"query": "fn v0_version_of_files"})),
        ("a word in no file", json!({"query": "no such word"})),
        ("an expression", json!({"query": r"fn v1_\w+\(\)", "mode": "regex"})),
    ];

    let mut group = criterion.benchmark_group("tools");
    for (what, query) in &queries {
        let search = || call(&runtime, &tools, "search_code", query.clone());
        print_percentiles(&format!("search_code, {what}"), |_| drop(black_box(search())));
        group.bench_function(BenchmarkId::new("search_code", what), |bencher| bencher.iter(search));
    }
    group.bench_function("reading every file", |bencher| {
        let holds = |path: &String| {
            let text = fs::read_to_string(folder.path().join(path)).expect("it is readable");
            text.contains(black_box("no such word"))
        };
        bencher.iter(|| paths.iter().filter(|path| holds(path)).count());
    });
    let read =
        |number: usize| call(&runtime, &tools, "read_file", json!({"path": paths[number * 7 % paths.len()]}));
    print_percentiles("read_file", |number| drop(black_box(read(number))));
    let mut number = 0;
    group.bench_function("read_file", |bencher| {
        bencher.iter(|| {
            number += 1;
            read(number)
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = tools
}
criterion_main!(benches);
