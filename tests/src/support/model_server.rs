//! A server of chat completions on the loopback interface, whose replies a test writes down.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// As long as a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as the server got it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The first line and the headers, in lower case.
    pub head: String,
    /// The body.
    pub body: Value,
}

/// What the server replies.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: String,
    pieces: Vec<Vec<u8>>,
    end: End,
}

/// How a reply ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// As it should.
    Whole,
    /// The connection is closed within it.
    Broken,
    /// Nothing more comes until the client goes away.
    Silent,
}

impl Reply {
    /// A reply of this type, in these pieces.
    pub fn bytes(content_type: &str, pieces: &[&[u8]]) -> Self {
        let headers = format!("content-type: {content_type}\r\n");
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        Self { status: 200, headers, pieces, end: End::Whole }
    }

    /// A stream of these events, and the one that ends it.
    pub fn events(events: &[Value]) -> Self {
        let mut reply = Self::open_events(events);
        reply.pieces.push(b"data: [DONE]\n\n".to_vec());
        reply
    }

    /// A stream of these events that nothing ends.
    pub fn open_events(events: &[Value]) -> Self {
        let mut reply = Self::bytes("text/event-stream; charset=utf-8", &[]);
        reply.pieces = events.iter().map(|event| format!("data: {event}\n\n").into_bytes()).collect();
        reply
    }

    /// A status with a body of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, ..Self::bytes("application/json", &[body.to_string().as_bytes()]) }
    }

    /// A refusal, in the form of the protocol.
    pub fn refusal(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"error": {"message": message, "type": "error", "code": null}}))
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers = format!("{}{name}: {value}\r\n", self.headers);
        self
    }

    /// The same, after whose pieces the connection is closed.
    #[must_use]
    pub fn broken(mut self) -> Self {
        self.end = End::Broken;
        self
    }

    /// The same, after whose pieces nothing comes.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.end = End::Silent;
        self
    }
}

/// A piece of text.
pub fn text(text: &str) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}], "usage": null})
}

/// A piece of a call.
pub fn call(index: usize, id: &str, name: &str, arguments: &str) -> Value {
    let function = json!({"name": name, "arguments": arguments});
    json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}}]})
}

/// The last piece of an answer.
pub fn finish(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": null})
}

/// What it took.
pub fn usage(input: usize, output: usize, cached: usize) -> Value {
    let details = json!({"cached_tokens": cached});
    json!({"choices": [], "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output, "prompt_tokens_details": details}})
}

/// An answer in words.
pub fn said(words: &[&str]) -> Reply {
    let words = words.iter().map(|word| text(word));
    Reply::events(&words.chain([finish("stop"), usage(7, 3, 0)]).collect::<Vec<Value>>())
}

/// A server; it ends when it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    gone: Mutex<Receiver<()>>,
}

type Script = Box<dyn FnMut(&Asked) -> Reply + Send>;

struct Shared {
    script: Mutex<Script>,
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    ended: AtomicBool,
    gone: Mutex<Sender<()>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl ModelServer {
    /// A server that gives this reply to each request.
    pub fn new(script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let (sender, gone) = channel();
        let shared = Arc::new(Shared {
            script: Mutex::new(Box::new(script)),
            asked: Mutex::default(),
            connections: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            gone: Mutex::new(sender),
        });
        let server = Self { address, shared: Arc::clone(&shared), gone: Mutex::new(gone) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.ended.load(Ordering::SeqCst) {
                    break;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let shared = Arc::clone(&shared);
                // A client may go away at any time.
                thread::spawn(move || _ = shared.serve(&stream));
            }
        });
        server
    }

    /// A server that gives these replies, one after the other, and then refuses.
    pub fn scripted(replies: Vec<Reply>) -> Self {
        let mut replies = replies.into_iter();
        Self::new(move |_| replies.next().unwrap_or_else(|| Reply::refusal(418, "the script is over")))
    }

    /// Where the protocol begins.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests since this was called last.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until a client has closed the connection of a silent reply.
    pub fn wait_until_gone(&self) {
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.recv_timeout(PATIENCE).expect("the client closes its connection");
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for callers; if it is gone already, all is well.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    /// Requests of one connection, until a reply ends it or the client does.
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some(asked) = read(&mut reader)? {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
            let reply = (self.script.lock().unwrap_or_else(PoisonError::into_inner))(&asked);
            let sent = send(stream, &reply);
            match reply.end {
                End::Whole => sent.and_then(|()| write!(&mut { stream }, "0\r\n\r\n"))?,
                End::Broken => break,
                End::Silent => {
                    // Nothing, or an error: either way it is gone, if it was not before all was sent.
                    let _ = sent.and_then(|()| reader.read(&mut [0]));
                    // The test may have ended.
                    let _ = self.gone.lock().unwrap_or_else(PoisonError::into_inner).send(());
                    break;
                }
            }
        }
        Ok(())
    }
}

fn send(mut stream: &TcpStream, reply: &Reply) -> std::io::Result<()> {
    let Reply { status, headers, pieces, .. } = reply;
    write!(stream, "HTTP/1.1 {status} Reply\r\n{headers}transfer-encoding: chunked\r\n\r\n")?;
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        write!(stream, "{:x}\r\n", piece.len())?;
        stream.write_all(piece)?;
        stream.write_all(b"\r\n")?;
    }
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Asked>> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.to_lowercase();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Asked { head, body: serde_json::from_slice(&body).expect("a body of JSON") }))
}
