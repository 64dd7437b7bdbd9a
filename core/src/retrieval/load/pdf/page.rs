use std::collections::BTreeMap;
use std::time::Instant;

use lopdf::content::{Content, Operation};
use lopdf::{DecompressError, Dictionary, Document, Error, Object, ObjectId, Stream};

use super::font::{Font, encoding_dictionary};
use super::format::MAX_STREAM_BYTES;
use super::layout::{Layout, Run};

/// Forms in forms, deeper than anybody draws.
const MAX_DEPTH: usize = 8;

/// Saved states at once.
const MAX_SAVED: usize = 1024;

/// Operations between two looks at the clock.
const OPERATIONS: usize = 4096;

/// How long reading a file may take.
#[derive(Debug)]
pub(super) struct Budget {
    deadline: Instant,
    operations: usize,
    over_time: bool,
}

impl Budget {
    pub(super) fn new(deadline: Instant) -> Self {
        Self { deadline, operations: 0, over_time: false }
    }

    pub(super) fn is_over_time(&self) -> bool {
        self.over_time
    }

    /// Counts an operation; false when time is up.
    fn allows_another(&mut self) -> bool {
        self.operations += 1;
        if self.operations.is_multiple_of(OPERATIONS) { self.allows_a_form() } else { !self.over_time }
    }

    /// False when time is up.
    fn allows_a_form(&mut self) -> bool {
        self.over_time = Instant::now() > self.deadline;
        !self.over_time
    }
}

/// Adds the text of a page to `layout`, in the order in which it is drawn.
pub(super) fn read_page(
    document: &Document,
    page: ObjectId,
    layout: &mut Layout,
    budget: &mut Budget,
) -> Result<(), Error> {
    let content = document.get_page_content_with_limit(page, MAX_STREAM_BYTES)?;
    let (own, inherited) = document.get_page_resources(page)?;
    let inherited = inherited.iter().filter_map(|id| document.get_dictionary(*id).ok());
    let resources: Vec<&Dictionary> = own.into_iter().chain(inherited).collect();
    let mut reader = Reader { document, layout, budget };
    reader.content(&content, &resources, State::default(), 0)
}

struct Reader<'a> {
    document: &'a Document,
    layout: &'a mut Layout,
    budget: &'a mut Budget,
}

/// `[a b c d e f]` of ISO 32000-1, 8.3.3.
type Matrix = [f32; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// What text is shown with (ISO 32000-1, 9.3).
#[derive(Debug, Clone)]
struct State {
    transform: Matrix,
    font: Vec<u8>,
    size: f32,
    character_space: f32,
    word_space: f32,
    scale: f32,
    leading: f32,
    rise: f32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            transform: IDENTITY,
            font: Vec::new(),
            size: 1.0,
            character_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

/// Where the next character and the line begin (ISO 32000-1, 9.4.2).
#[derive(Debug, Clone, Copy)]
struct Place {
    text: Matrix,
    line: Matrix,
}

impl Place {
    fn move_line(&mut self, x: f32, y: f32) {
        self.line = product([1.0, 0.0, 0.0, 1.0, x, y], self.line);
        self.text = self.line;
    }
}

impl Reader<'_> {
    /// Reads a content stream with the resources that it names.
    fn content(
        &mut self,
        content: &[u8],
        resources: &[&Dictionary],
        state: State,
        depth: usize,
    ) -> Result<(), Error> {
        let document = self.document;
        let dictionaries: BTreeMap<Vec<u8>, (&Dictionary, Dictionary)> =
            entries(document, resources, b"Font")
                .filter_map(|(name, font)| Some((name, font.as_dict().ok()?)))
                .map(|(name, font)| (name.to_vec(), (font, encoding_dictionary(font, document))))
                .collect();
        let mut fonts = BTreeMap::new();
        for (name, (font, encoding)) in &dictionaries {
            match Font::new(font, encoding, document) {
                Ok(font) => _ = fonts.insert(name.as_slice(), font),
                Err(error @ Error::Decompress(_)) => return Err(error),
                Err(_) => {}
            }
        }
        let mut text = Text { fonts, state, place: Place { text: IDENTITY, line: IDENTITY } };
        let mut saved = Vec::new();
        for operation in Content::decode_iter(content) {
            if !self.budget.allows_another() {
                break;
            }
            if self.layout.len() > MAX_STREAM_BYTES {
                return Err(DecompressError::MemoryLimitExceeded { limit: MAX_STREAM_BYTES }.into());
            }
            // What cannot be read ends the page, as in viewers.
            let Ok(operation) = operation else {
                break;
            };
            match operation.operator.as_str() {
                "q" if saved.len() < MAX_SAVED => saved.push(text.state.clone()),
                "Q" => text.state = saved.pop().unwrap_or_else(|| text.state.clone()),
                "Do" if depth < MAX_DEPTH && self.budget.allows_a_form() => {
                    let name = operation.operands.first().and_then(|name| name.as_name().ok());
                    let form = name.and_then(|name| {
                        entries(document, resources, b"XObject").find(|(other, _)| *other == name)
                    });
                    if let Some(form) = form.and_then(|(_, form)| form.as_stream().ok()) {
                        self.form(form, resources, &text.state, depth)?;
                    }
                }
                _ => text.read(&operation, self.layout),
            }
        }
        Ok(())
    }

    fn form(
        &mut self,
        form: &Stream,
        outer: &[&Dictionary],
        state: &State,
        depth: usize,
    ) -> Result<(), Error> {
        if form.dict.get(b"Subtype").and_then(Object::as_name).ok() != Some(b"Form") {
            return Ok(());
        }
        let content = form.get_plain_content_with_limit(MAX_STREAM_BYTES)?;
        let matrix = form.dict.get_deref(b"Matrix", self.document).and_then(Object::as_array);
        let matrix = matrix.ok().and_then(|numbers| matrix_of(numbers)).unwrap_or(IDENTITY);
        let own = form.dict.get_deref(b"Resources", self.document).and_then(Object::as_dict);
        let resources = own.map_or_else(|_| outer.to_vec(), |own| vec![own]);
        let state = State { transform: product(matrix, state.transform), ..state.clone() };
        self.content(&content, &resources, state, depth + 1)
    }
}

/// The named resources of a kind, the nearest first.
fn entries<'a>(
    document: &'a Document,
    resources: &'a [&'a Dictionary],
    kind: &'a [u8],
) -> impl Iterator<Item = (&'a [u8], &'a Object)> {
    let kinds = resources.iter().filter_map(move |each| each.get_deref(kind, document).ok()?.as_dict().ok());
    let named = kinds.flat_map(|each| each.iter());
    named.filter_map(|(name, value)| Some((name.as_slice(), document.dereference(value).ok()?.1)))
}

struct Text<'a> {
    fonts: BTreeMap<&'a [u8], Font<'a>>,
    state: State,
    place: Place,
}

impl Text<'_> {
    fn read(&mut self, operation: &Operation, layout: &mut Layout) {
        let operands = operation.operands.as_slice();
        let number = |index: usize| operands.get(index).and_then(|operand| operand.as_float().ok());
        let string = |index: usize| operands.get(index).and_then(|operand| operand.as_str().ok());
        match operation.operator.as_str() {
            "cm" => {
                if let Some(matrix) = matrix_of(operands) {
                    self.state.transform = product(matrix, self.state.transform);
                }
            }
            "BT" => self.place = Place { text: IDENTITY, line: IDENTITY },
            "Tf" => {
                self.state.font =
                    operands.first().and_then(|name| name.as_name().ok()).unwrap_or_default().to_vec();
                self.state.size = number(1).unwrap_or(self.state.size);
            }
            "Tc" => self.state.character_space = number(0).unwrap_or_default(),
            "Tw" => self.state.word_space = number(0).unwrap_or_default(),
            "Tz" => self.state.scale = number(0).unwrap_or(100.0) / 100.0,
            "TL" => self.state.leading = number(0).unwrap_or_default(),
            "Ts" => self.state.rise = number(0).unwrap_or_default(),
            "Tm" => {
                if let Some(matrix) = matrix_of(operands) {
                    self.place = Place { text: matrix, line: matrix };
                }
            }
            "Td" => self.place.move_line(number(0).unwrap_or_default(), number(1).unwrap_or_default()),
            "TD" => {
                self.state.leading = -number(1).unwrap_or_default();
                self.place.move_line(number(0).unwrap_or_default(), number(1).unwrap_or_default());
            }
            "T*" => self.place.move_line(0.0, -self.state.leading),
            "Tj" => self.show(string(0).unwrap_or_default(), layout),
            "'" => {
                self.place.move_line(0.0, -self.state.leading);
                self.show(string(0).unwrap_or_default(), layout);
            }
            "\"" => {
                self.state.word_space = number(0).unwrap_or_default();
                self.state.character_space = number(1).unwrap_or_default();
                self.place.move_line(0.0, -self.state.leading);
                self.show(string(2).unwrap_or_default(), layout);
            }
            "TJ" => {
                for part in operands.first().and_then(|parts| parts.as_array().ok()).into_iter().flatten() {
                    if let Ok(string) = part.as_str() {
                        self.show(string, layout);
                    } else {
                        let back = part.as_float().unwrap_or_default() / 1000.0;
                        self.advance(-back * self.state.size * self.state.scale);
                    }
                }
            }
            _ => {}
        }
    }

    fn show(&mut self, string: &[u8], layout: &mut Layout) {
        let Some(font) = self.fonts.get(self.state.font.as_slice()) else {
            return;
        };
        let state = &self.state;
        let mut width = 0.0;
        for (code, glyph) in font.codes(string) {
            let space = if code == 32 { state.word_space } else { 0.0 };
            width += (glyph / 1000.0 * state.size + state.character_space + space) * state.scale;
        }
        let text = font.text(string);
        let start = self.point();
        let matrix = product(self.place.text, state.transform);
        let up = [matrix[2] * state.size, matrix[3] * state.size];
        self.advance(width);
        layout.push(Run { text, start, end: self.point(), up });
    }

    fn advance(&mut self, width: f32) {
        self.place.text = product([1.0, 0.0, 0.0, 1.0, width, 0.0], self.place.text);
    }

    /// Where the next character begins on the page.
    fn point(&self) -> [f32; 2] {
        let raised = product([1.0, 0.0, 0.0, 1.0, 0.0, self.state.rise], self.place.text);
        let matrix = product(raised, self.state.transform);
        [matrix[4], matrix[5]]
    }
}

fn matrix_of(numbers: &[Object]) -> Option<Matrix> {
    let mut matrix = IDENTITY;
    for (value, number) in matrix.iter_mut().zip(numbers.get(..6)?) {
        *value = number.as_float().ok()?;
    }
    Some(matrix)
}

/// First `a`, then `b`.
fn product(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}
