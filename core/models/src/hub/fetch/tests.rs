mod server;

use std::fmt::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use self::server::{Reply, TestServer};
use super::{fetch, sha256};
use crate::hub::download::Server;
use crate::hub::{FetchProgress, HubMirror, KnownModel, Mirror, ModelFile, ModelKind, Progress, Quiet};
use crate::{Error, Result};

fn content() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn hexadecimal(content: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(content) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn model(content: &[u8]) -> &'static KnownModel {
    let sha256 = Box::leak(hexadecimal(content).into_boxed_str());
    let file = ModelFile { name: "part/model.bin", size: content.len() as u64, sha256 };
    Box::leak(Box::new(KnownModel {
        name: "test",
        aliases: &[],
        kind: ModelKind::LanguageModel,
        licence: "MIT",
        repository: "owner/test",
        revision: "main",
        files: Box::leak(Box::new([file])),
    }))
}

/// A mirror that copies bytes it holds, or fails.
#[derive(Debug)]
struct Copying {
    bytes: Option<Vec<u8>>,
    calls: AtomicUsize,
}

impl Copying {
    fn new(bytes: Option<&[u8]>) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.map(<[u8]>::to_vec), calls: AtomicUsize::new(0) })
    }
}

impl Mirror for Copying {
    fn name(&self) -> &'static str {
        "the copy"
    }

    fn fetch(&self, _: &KnownModel, file: &ModelFile, to: &Path, _: &dyn Progress) -> Result<()> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match &self.bytes {
            Some(bytes) => {
                std::fs::write(to, bytes).map_err(|source| Error::Open { path: to.to_owned(), source })
            }
            None => Err(Error::invalid("file", format!("`{}` is not here", file.name))),
        }
    }
}

fn nobody() -> Server {
    // The port was free a moment ago, and nothing listens on it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    Server::new(&format!("http://{}", listener.local_addr().unwrap()), None)
}

fn run(server: &Server, mirrors: &[Arc<dyn Mirror>], model: &KnownModel, directory: &TempDir) -> Result<()> {
    fetch(model, directory.path(), server, mirrors, &Quiet)
}

fn stored(directory: &TempDir) -> Option<Vec<u8>> {
    std::fs::read(directory.path().join("part/model.bin")).ok()
}

fn part(directory: &TempDir) -> Option<Vec<u8>> {
    std::fs::read(directory.path().join("part/model.bin.part")).ok()
}

#[test]
fn a_file_is_fetched_from_its_repository_with_the_token() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[]);

    run(&server.server(), &[], model(&content), &directory).unwrap();

    assert_eq!(stored(&directory), Some(content));
    assert_eq!(part(&directory), None);
    let asked = server.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/owner/test/resolve/main/part/model.bin");
    assert_eq!(asked[0].authorization.as_deref(), Some("Bearer secret"));
}

#[test]
fn a_broken_connection_is_resumed_where_it_ended() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[Reply::CutAfter(100_000), Reply::CutAfter(50_000)]);

    run(&server.server(), &[], model(&content), &directory).unwrap();

    assert_eq!(stored(&directory), Some(content));
    let expected = [None, Some("bytes=100000-".to_owned()), Some("bytes=150000-".to_owned())];
    assert_eq!(server.ranges(), expected);
}

#[test]
fn an_earlier_attempt_is_resumed() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    std::fs::create_dir(directory.path().join("part")).unwrap();
    std::fs::write(directory.path().join("part/model.bin.part"), &content[..1000]).unwrap();
    let server = TestServer::start(&content, &[]);

    run(&server.server(), &[], model(&content), &directory).unwrap();

    assert_eq!(stored(&directory), Some(content));
    assert_eq!(server.ranges(), [Some("bytes=1000-".to_owned())]);
}

#[test]
fn a_server_that_knows_no_ranges_starts_again() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[Reply::CutAfter(100_000), Reply::IgnoreRange]);

    run(&server.server(), &[], model(&content), &directory).unwrap();

    assert_eq!(stored(&directory), Some(content));
}

#[test]
fn what_a_wrong_source_began_is_thrown_away() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    std::fs::create_dir(directory.path().join("part")).unwrap();
    std::fs::write(directory.path().join("part/model.bin.part"), vec![b'x'; 1000]).unwrap();
    let server = TestServer::start(&content, &[]);

    run(&server.server(), &[], model(&content), &directory).unwrap();

    assert_eq!(stored(&directory), Some(content));
    assert_eq!(server.ranges(), [Some("bytes=1000-".to_owned()), None]);
}

#[test]
fn a_wrong_file_is_deleted_and_named_by_both_checksums() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[Reply::Wrong]);

    let error = run(&server.server(), &[], model(&content), &directory).unwrap_err();

    let Error::Checksum { expected, found, .. } = error else { panic!("{error}") };
    assert_eq!(expected, hexadecimal(&content));
    assert_eq!(found, hexadecimal(&vec![b'x'; content.len()]));
    assert_eq!((stored(&directory), part(&directory)), (None, None));
}

#[test]
fn a_wrong_file_makes_way_for_the_next_source() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[Reply::Wrong]);
    let mirror = Copying::new(Some(&content));

    run(&server.server(), &[mirror], model(&content), &directory).unwrap();

    assert_eq!(stored(&directory), Some(content));
}

#[test]
fn a_file_of_another_size_is_refused() {
    for reply in [Reply::TooLong, Reply::TooLongUntold] {
        let (content, directory) = (content(), TempDir::new().unwrap());
        let server = TestServer::start(&content, &[reply]);

        let error = run(&server.server(), &[], model(&content), &directory).unwrap_err().to_string();

        assert!(error.contains("300000 bytes"), "{error}");
        assert_eq!(stored(&directory), None);
    }
}

#[test]
fn a_file_that_is_not_there_is_asked_for_once_and_a_tired_server_three_times() {
    for (status, times) in [(404, 1), (401, 1), (500, 3), (503, 3)] {
        let (content, directory) = (content(), TempDir::new().unwrap());
        let server = TestServer::start(&content, &[Reply::Status(status); 9]);

        let error = run(&server.server(), &[], model(&content), &directory).unwrap_err().to_string();

        assert!(
            error.starts_with("cannot fetch `part/model.bin`: Hugging Face Hub: the server answered"),
            "{error}"
        );
        assert!(error.contains(&status.to_string()), "{error}");
        assert_eq!(server.ranges().len(), times, "{status}");
    }
}

#[test]
fn every_source_says_why_it_failed() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let (absent, wrong) = (Copying::new(None), Copying::new(Some(b"short")));

    let error = run(&nobody(), &[absent, wrong], model(&content), &directory).unwrap_err().to_string();

    assert!(error.contains("Hugging Face Hub: "), "{error}");
    assert!(error.contains("the copy: invalid file: `part/model.bin` is not here"), "{error}");
    assert!(error.contains("expected 300000 bytes, got 5"), "{error}");
    assert_eq!((stored(&directory), part(&directory)), (None, None));
}

#[test]
fn an_unreachable_server_makes_way_for_a_mirror_at_once() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let mirror = Copying::new(Some(&content));
    let begin = std::time::Instant::now();

    run(&nobody(), &[mirror], model(&content), &directory).unwrap();

    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
    assert_eq!(stored(&directory), Some(content));
}

#[test]
fn a_file_that_is_there_is_not_fetched_again() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let mirror = Copying::new(Some(&content));
    let mirrors: [Arc<dyn Mirror>; 1] = [Arc::<Copying>::clone(&mirror)];
    run(&nobody(), &mirrors, model(&content), &directory).unwrap();

    run(&nobody(), &mirrors, model(&content), &directory).unwrap();

    assert_eq!(mirror.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn of_two_fetches_at_once_one_does_the_work() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[]);
    let model = model(&content);

    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| run(&server.server(), &[], model, &directory).unwrap());
        }
    });

    assert_eq!(stored(&directory), Some(content));
    assert_eq!(server.ranges().len(), 1);
}

/// Cancels when it is asked for the third time.
#[derive(Default)]
struct Impatient {
    asked: AtomicUsize,
}

impl Progress for Impatient {
    fn update(&self, _: &FetchProgress<'_>) {}

    fn cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst) >= 2
    }
}

#[test]
fn a_cancelled_fetch_keeps_what_it_has_for_the_next_one() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[]);
    let impatient = Impatient::default();

    let error = fetch(model(&content), directory.path(), &server.server(), &[], &impatient).unwrap_err();
    let kept = part(&directory).unwrap();
    run(&server.server(), &[], model(&content), &directory).unwrap();

    assert!(error.to_string().contains("cancelled"), "{error}");
    assert!(content.starts_with(&kept));
    assert!(!kept.is_empty() && kept.len() < content.len());
    assert_eq!(stored(&directory), Some(content));
}

#[test]
fn progress_ends_with_the_whole_file() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[]);
    let told = Mutex::new(Vec::new());
    let progress = |progress: &FetchProgress<'_>| {
        assert_eq!((progress.model, progress.file), ("test", "part/model.bin"));
        told.lock().unwrap().push(progress.done);
    };

    fetch(model(&content), directory.path(), &server.server(), &[], &progress).unwrap();

    let told = told.into_inner().unwrap();
    assert_eq!(told.first(), Some(&0));
    assert_eq!(told.last(), Some(&300_000));
    assert!(told.is_sorted());
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_of_this_machine() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    // A directory where the part file would go.
    std::fs::create_dir_all(directory.path().join("part/model.bin.part")).unwrap();
    let mirror = Copying::new(Some(&content));
    let server = TestServer::start(&content, &[]);

    let error = run(&server.server(), &[mirror], model(&content), &directory).unwrap_err();

    assert!(matches!(error, Error::Open { .. }), "{error}");
    assert_eq!(stored(&directory), None);
}

#[test]
fn checksums_are_those_of_the_standard() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("abc");
    std::fs::write(&path, "abc").unwrap();

    // FIPS 180-2, appendix B.1.
    assert_eq!(sha256(&path).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn a_url_is_a_mirror_with_the_same_paths_and_without_the_token() {
    let (content, directory) = (content(), TempDir::new().unwrap());
    let server = TestServer::start(&content, &[]);
    let mirror: Arc<dyn Mirror> = Arc::new(HubMirror::new(&server.address).unwrap());

    run(&nobody(), &[mirror], model(&content), &directory).unwrap();

    assert_eq!(stored(&directory), Some(content));
    let asked = server.asked.lock().unwrap();
    assert_eq!(asked[0].path, "/owner/test/resolve/main/part/model.bin");
    assert_eq!(asked[0].authorization, None);
}

#[test]
fn a_mirror_that_is_no_url_is_refused() {
    for url in ["", "https://", "http:///models", "mirror.example.org", "ftp://mirror.example.org"] {
        let error = HubMirror::new(url).unwrap_err().to_string();
        assert!(error.ends_with(&format!("got `{url}`")), "{error}");
    }
}
