/// A piece of text as it is shown on a page, in the page's units.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) text: String,
    /// Where its baseline begins and ends.
    pub(super) start: [f32; 2],
    pub(super) end: [f32; 2],
    /// The direction in which lines are stacked, as long as the font is high.
    pub(super) up: [f32; 2],
}

/// Puts runs together to words, lines and paragraphs, in the order in which the page shows them.
///
/// A run on the baseline of the one before it continues the line, with a space if there is a gap between them.
/// Another baseline is another line; one further away than lines are apart, or above, is another paragraph.
#[derive(Debug, Default)]
pub(super) struct Layout {
    text: String,
    last: Option<Run>,
    /// Where the text of the page begins.
    page: usize,
}

impl Layout {
    pub(super) fn push(&mut self, run: Run) {
        if run.text.is_empty() {
            return;
        }
        if let Some(last) = &self.last {
            match step(last, &run) {
                Step::Adjacent => {}
                Step::Gap
                    if last.text.ends_with(char::is_whitespace)
                        || run.text.starts_with(char::is_whitespace) => {}
                Step::Gap => self.text.push(' '),
                Step::Line => self.end_line(&run.text),
                Step::Paragraph => self.end_paragraph(),
            }
        }
        self.text.push_str(&run.text);
        self.last = Some(run);
    }

    /// Bytes of text so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn end_page(&mut self) {
        self.end_paragraph();
        self.last = None;
        self.page = self.text.len();
    }

    pub(super) fn finish(self) -> String {
        let mut text = self.text;
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }

    /// Ends the line; a word that is divided between two lines is put together again.
    fn end_line(&mut self, next: &str) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        let line = &self.text[self.page..];
        let is_divided = line
            .strip_suffix(['-', '\u{ad}', '\u{2010}'])
            .is_some_and(|word| word.ends_with(char::is_lowercase) && next.starts_with(char::is_lowercase));
        if is_divided {
            self.text.pop();
        } else if !line.is_empty() && !line.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn end_paragraph(&mut self) {
        self.text.truncate(self.text.trim_end().len().max(self.page));
        if self.text.len() > self.page {
            self.text.push_str("\n\n");
        }
    }
}

/// How one run follows another.
#[derive(Debug, PartialEq)]
enum Step {
    Adjacent,
    Gap,
    Line,
    Paragraph,
}

fn step(last: &Run, next: &Run) -> Step {
    let height = length(last.up).max(length(next.up)).max(f32::EPSILON);
    let up = [last.up[0] / height, last.up[1] / height];
    let along = [up[1], -up[0]];
    let rise = dot(minus(next.start, last.start), up) / height;
    let gap = dot(minus(next.start, last.end), along) / height;
    if rise.abs() < 0.5 {
        match gap {
            // Back to the left on the same line: another column, or another cell.
            gap if gap < -1.0 => Step::Line,
            gap if gap < 0.15 => Step::Adjacent,
            _ => Step::Gap,
        }
    } else if (-1.8..0.0).contains(&rise) {
        Step::Line
    } else {
        Step::Paragraph
    }
}

fn minus(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

fn dot(a: [f32; 2], b: [f32; 2]) -> f32 {
    a[0].mul_add(b[0], a[1] * b[1])
}

fn length(a: [f32; 2]) -> f32 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(runs: &[(&str, f32, f32, f32)]) -> String {
        let mut layout = Layout::default();
        for (text, x, y, width) in runs {
            let (start, end) = ([*x, *y], [x + width, *y]);
            layout.push(Run { text: (*text).to_owned(), start, end, up: [0.0, 10.0] });
        }
        layout.finish()
    }

    #[test]
    fn gaps_are_spaces_and_baselines_are_lines() {
        let runs = [
            ("Wo", 0.0, 100.0, 12.0),
            ("rds", 12.2, 100.0, 15.0),
            ("apart", 30.0, 100.0, 25.0),
            ("next", 0.0, 88.0, 20.0),
            ("far", 0.0, 60.0, 15.0),
            ("second column", 100.0, 100.0, 60.0),
        ];

        assert_eq!(laid_out(&runs), "Words apart\nnext\n\nfar\n\nsecond column\n");
    }

    #[test]
    fn a_divided_word_is_one_word() {
        let lines = |first, second| laid_out(&[(first, 0.0, 100.0, 50.0), (second, 0.0, 88.0, 50.0)]);

        assert_eq!(lines("a docu-", "ment"), "a document\n");
        assert_eq!(lines("UTF-", "8"), "UTF-\n8\n");
    }

    #[test]
    fn turned_text_is_read_along_its_baseline() {
        let run = |text: &str, x: f32, y: f32| Run {
            text: text.to_owned(),
            start: [x, y],
            end: [x, y + 20.0],
            up: [-10.0, 0.0],
        };
        let mut layout = Layout::default();
        for run in [run("up", 50.0, 0.0), run("wards", 50.0, 25.0), run("next", 62.0, 0.0)] {
            layout.push(run);
        }

        assert_eq!(layout.finish(), "up wards\nnext\n");
    }
}
