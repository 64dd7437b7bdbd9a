//! A web server on the loopback interface, with pages that a test writes down.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What the server answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// These bytes, of this type.
    Bytes(&'static str, Vec<u8>),
    /// This status, with nothing to read.
    Status(u16),
    /// Another address.
    Redirect(String),
    /// A page that goes on for as long as anybody reads it.
    Endless,
    /// A page that begins and then says no more.
    Silent,
}

impl Reply {
    /// A page of HTML.
    pub fn html(body: impl Into<String>) -> Self {
        Self::Bytes("text/html; charset=utf-8", body.into().into_bytes())
    }
}

/// A server; it ends when it is dropped.
#[derive(Debug)]
pub struct TestSite {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    pages: Mutex<HashMap<String, Reply>>,
    asked: Mutex<Vec<String>>,
    ended: AtomicBool,
}

impl TestSite {
    /// A server with these pages, by path; there are no others.
    pub fn start<const N: usize>(pages: [(&str, Reply); N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let shared = Arc::new(Shared::default());
        let site = Self { address, shared: Arc::clone(&shared) };
        for (path, reply) in pages {
            site.put(path, reply);
        }
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.ended.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&shared);
                // A reader may go away at any time.
                thread::spawn(move || _ = shared.answer(&stream));
            }
        });
        site
    }

    /// Adds or replaces a page.
    pub fn put(&self, path: &str, reply: Reply) {
        self.shared.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), reply);
    }

    /// Removes a page.
    pub fn remove(&self, path: &str) {
        self.shared.pages.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The paths that were asked for since the last call, without `robots.txt`.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.drain(..).filter(|path| path != "/robots.txt").collect()
    }
}

impl Drop for TestSite {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for callers; if it is gone already, all is well.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn answer(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut request = String::new();
        let mut reader = BufReader::new(stream);
        reader.read_line(&mut request)?;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let reply = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        let (status, header, body) = match reply.unwrap_or(Reply::Status(404)) {
            Reply::Bytes(content_type, body) => (200, format!("content-type: {content_type}\r\n"), body),
            Reply::Status(status) => (status, String::new(), Vec::new()),
            Reply::Redirect(to) => (302, format!("location: {to}\r\n"), Vec::new()),
            Reply::Endless => return endless(stream),
            Reply::Silent => return self.silent(stream),
        };
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} -\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n"
        )?;
        stream.write_all(&body)
    }

    fn silent(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        write!(stream, "HTTP/1.1 200 -\r\ncontent-type: text/html\r\ncontent-length: 1000\r\n\r\n<p>Once")?;
        while !self.ended.load(Ordering::SeqCst) {
            thread::park_timeout(std::time::Duration::from_millis(20));
        }
        Ok(())
    }
}

fn endless(mut stream: &TcpStream) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 -\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n")?;
    loop {
        stream.write_all(&[b'x'; 4096])?;
    }
}
