use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::hub::download::Server;

/// How the test server answers one request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    /// What was asked for.
    Serve,
    /// The whole file, whatever range was asked for.
    IgnoreRange,
    /// The connection ends after this many bytes of the body.
    CutAfter(usize),
    /// Another file of the same length.
    Wrong,
    /// Another file, longer by one byte.
    TooLong,
    /// Without a length, one byte too many.
    TooLongUntold,
    /// This status and no file.
    Status(u16),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) range: Option<String>,
    pub(super) authorization: Option<String>,
}

/// A server on a free port of this machine that follows a script, and serves once it is through.
pub(super) struct TestServer {
    pub(super) address: String,
    pub(super) asked: Arc<Mutex<Vec<Asked>>>,
}

impl TestServer {
    pub(super) fn start(content: &[u8], script: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (content, mut script) = (content.to_vec(), VecDeque::from(script.to_vec()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let reply = script.pop_front().unwrap_or(Reply::Serve);
                // A client that hangs up is the client's business.
                let _ = answer(stream.unwrap(), &content, reply, &log);
            }
        });
        Self { address, asked }
    }

    pub(super) fn server(&self) -> Server {
        Server::new(&self.address, Some("secret".to_owned()))
    }

    pub(super) fn ranges(&self) -> Vec<Option<String>> {
        self.asked.lock().unwrap().iter().map(|asked| asked.range.clone()).collect()
    }
}

fn answer(
    mut stream: TcpStream,
    content: &[u8],
    reply: Reply,
    log: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap()?;
    let mut asked = Asked {
        path: first.split(' ').nth(1).unwrap_or_default().to_owned(),
        range: None,
        authorization: None,
    };
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "range" => asked.range = Some(value.to_owned()),
            "authorization" => asked.authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let from = asked
        .range
        .as_deref()
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    log.lock().unwrap().push(asked);

    let wrong = vec![b'x'; content.len() + 1];
    let (from, body) = match reply {
        Reply::Status(status) => {
            return write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        Reply::IgnoreRange => (None, content),
        Reply::Serve | Reply::CutAfter(_) => (from, content),
        Reply::Wrong => (None, &wrong[..content.len()]),
        Reply::TooLong | Reply::TooLongUntold => (None, &wrong[..]),
    };
    let start: usize = from.unwrap_or(0);
    let total = body.len();
    let status = match from {
        Some(from) => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}", total - 1),
        None => "200 OK".to_owned(),
    };
    let length = match reply {
        Reply::TooLongUntold => String::new(),
        _ => format!("Content-Length: {}\r\n", total - start),
    };
    write!(stream, "HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n")?;
    match reply {
        Reply::CutAfter(count) => stream.write_all(&body[start..total.min(start + count)]),
        _ => stream.write_all(&body[start..]),
    }
}
