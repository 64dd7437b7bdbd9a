//! Kept values that hold only as long as what they were made of.

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rushlight::tools::builtin::{
    ReadFileOptions, SearchCodeOptions, SearchKnowledgeOptions, read_file, search_code, search_knowledge,
};
use rushlight::{
    Document, FunctionTool, HashedEmbedder, KnowledgeBase, NoArguments, ResultCache, ToolCall, ToolOutput,
    ToolPolicy, ToolRegistry, ToolStatus, Toolbox,
};
use serde_json::{Value, json};

fn kept(tool: FunctionTool) -> Toolbox {
    let cache = ToolPolicy::default().cache(ResultCache::new(Duration::from_hours(1)));
    Toolbox::new().add(tool.policy(cache)).unwrap()
}

async fn output(toolbox: &Toolbox, arguments: Value) -> ToolOutput {
    let name = toolbox.specs().remove(0).name;
    toolbox.invoke(&ToolCall::new("1", name, arguments)).await.unwrap()
}

/// The value, and whether it was kept.
async fn value(toolbox: &Toolbox, arguments: Value) -> (String, bool) {
    let output = output(toolbox, arguments).await;
    assert_eq!(output.status, ToolStatus::Success, "{}", output.content);
    (output.content, output.cached)
}

/// A tool that gives the number of its run, and the version that it tells.
fn counting() -> (FunctionTool, Arc<Mutex<Result<String, String>>>) {
    let told = Arc::new(Mutex::new(Ok("1".to_owned())));
    let (runs, telling) = (AtomicUsize::new(0), Arc::clone(&told));
    let tool = FunctionTool::new("tool", "", move |_: NoArguments| {
        let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Ok::<_, String>(run) }
    });
    let tool = tool.version(move |_: NoArguments| {
        let told = telling.lock().unwrap().clone();
        async move { told }
    });
    (tool, told)
}

#[tokio::test(start_paused = true)]
async fn a_value_holds_as_long_as_its_version() {
    let (tool, told) = counting();
    let toolbox = kept(tool);
    let next = async || value(&toolbox, json!({})).await;

    assert_eq!([next().await, next().await], [("1".to_owned(), false), ("1".to_owned(), true)]);
    *told.lock().unwrap() = Ok("2".to_owned());
    assert_eq!([next().await, next().await], [("2".to_owned(), false), ("2".to_owned(), true)]);
    *told.lock().unwrap() = Ok("1".to_owned());
    assert_eq!(next().await, ("1".to_owned(), true));
}

#[tokio::test(start_paused = true)]
async fn without_a_version_the_tool_runs_and_nothing_is_kept() {
    let (tool, told) = counting();
    let toolbox = kept(tool);
    *told.lock().unwrap() = Err("gone".to_owned());

    assert_eq!(value(&toolbox, json!({})).await, ("1".to_owned(), false));
    assert_eq!(value(&toolbox, json!({})).await, ("2".to_owned(), false));
    *told.lock().unwrap() = Ok("1".to_owned());
    assert_eq!(value(&toolbox, json!({})).await, ("3".to_owned(), false));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_panics_or_never_comes_costs_no_answer() {
    let tool = |hangs: bool| {
        let tool = FunctionTool::new("tool", "", async |_: NoArguments| Ok::<_, String>("fine"));
        kept(tool.version(move |_: NoArguments| async move {
            assert!(hangs, "no version");
            std::future::pending::<Result<String, String>>().await
        }))
    };
    for hangs in [false, true] {
        assert_eq!(value(&tool(hangs), json!({})).await, ("fine".to_owned(), false), "{hangs}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_without_a_cache_is_not_asked() {
    let tool = FunctionTool::new("tool", "", async |_: NoArguments| Ok::<_, String>("fine"));
    let tool = tool.version(async |_: NoArguments| -> Result<String, String> { panic!("asked") });

    assert_eq!(value(&Toolbox::new().add(tool).unwrap(), json!({})).await, ("fine".to_owned(), false));
}

/// Writes a file as if so many minutes ago.
fn write(path: &Path, text: &str, minutes: u64) {
    fs::write(path, text).unwrap();
    let then = SystemTime::now() - Duration::from_mins(minutes);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

/// N-050, N-113.
#[tokio::test]
async fn a_file_that_has_changed_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    write(&path, "one", 60);
    let toolbox = kept(read_file(folder.path(), ReadFileOptions::default()).unwrap());
    let read = async || value(&toolbox, json!({"path": "notes.txt"})).await;

    assert_eq!([read().await, read().await], [("one".to_owned(), false), ("one".to_owned(), true)]);
    write(&path, "two", 50);
    assert_eq!([read().await, read().await], [("two".to_owned(), false), ("two".to_owned(), true)]);
    write(&path, "three", 50);
    assert_eq!(read().await, ("three".to_owned(), false));
    let line = value(&toolbox, json!({"path": "notes.txt", "start_line": 1})).await;
    assert_eq!(line, ("three".to_owned(), false));

    fs::remove_file(&path).unwrap();
    let gone = output(&toolbox, json!({"path": "notes.txt"})).await;
    assert_eq!((gone.status, gone.cached), (ToolStatus::Error, false));
    assert!(gone.content.contains("there is no file `notes.txt`"), "{}", gone.content);
}

/// A second change within the tick of a clock leaves size and time as they were.
#[tokio::test]
async fn a_file_that_was_written_just_now_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let soon = SystemTime::now() + Duration::from_mins(1);
    let toolbox = kept(read_file(folder.path(), ReadFileOptions::default()).unwrap());

    for text in ["one", "two"] {
        fs::write(&path, text).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(soon).unwrap();
        assert_eq!(value(&toolbox, json!({"path": "notes.txt"})).await, (text.to_owned(), false));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_another_file_is_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.txt");
    let then = SystemTime::now() - Duration::from_hours(1);
    for name in ["one", "two"] {
        fs::write(folder.path().join(name), name).unwrap();
        File::options().write(true).open(folder.path().join(name)).unwrap().set_modified(then).unwrap();
    }
    let toolbox = kept(read_file(folder.path(), ReadFileOptions::default()).unwrap());

    for name in ["one", "two"] {
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(name, &link).unwrap();
        assert_eq!(value(&toolbox, json!({"path": "link.txt"})).await, (name.to_owned(), false));
    }
}

#[tokio::test]
async fn hits_are_searched_anew_when_a_file_came_went_or_changed() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a.txt", "b.txt"].map(|name| folder.path().join(name));
    write(&first, "tea\n", 60);
    let toolbox = kept(search_code(folder.path(), SearchCodeOptions::default().context_lines(0)).unwrap());
    let search = async || {
        let (found, is_kept) = value(&toolbox, json!({"query": "tea"})).await;
        (found.trim_end().to_owned(), is_kept)
    };
    let hits = |text: &str, cached| (text.to_owned(), cached);

    assert_eq!([search().await, search().await], [hits("a.txt:1:tea", false), hits("a.txt:1:tea", true)]);
    write(&second, "tea too\n", 60);
    assert_eq!(search().await, hits("a.txt:1:tea\nb.txt:1:tea too", false));
    write(&first, "ten\n", 50);
    assert_eq!(search().await, hits("b.txt:1:tea too", false));
    fs::remove_file(&second).unwrap();
    assert!(!search().await.0.contains("b.txt"));
    write(&second, "tea at last\n", 40);
    assert_eq!(
        [search().await, search().await],
        [hits("b.txt:1:tea at last", false), hits("b.txt:1:tea at last", true)]
    );
    fs::write(folder.path().join(".gitignore"), "b.txt\n").unwrap();
    assert!(!search().await.0.contains("b.txt:1"));
}

#[tokio::test]
async fn passages_are_searched_anew_when_documents_came() {
    let base = KnowledgeBase::in_memory(HashedEmbedder::new(64)).await.unwrap();
    base.ingest(vec![Document::new("tea.md", "Tea is brewed.")], |_| ()).await.unwrap();
    let toolbox = kept(search_knowledge(base.clone(), SearchKnowledgeOptions::default()).unwrap());
    let search = async || value(&toolbox, json!({"query": "tea"})).await;

    assert_eq!([search().await.1, search().await.1], [false, true]);
    base.ingest(vec![Document::new("iced.md", "Iced tea is cold tea.")], |_| ()).await.unwrap();
    let (passages, is_kept) = search().await;
    assert!(passages.contains("iced.md") && !is_kept, "{passages}");
}
