use std::io::{self, IsTerminal, Write};

use console::Term;

/// Prints an answer as it streams in: broken between words on a terminal, as it is into a pipe.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Columns; none when the output is no terminal.
    width: Option<usize>,
    column: usize,
    word: String,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let width = io::stdout().is_terminal().then(|| usize::from(Term::stdout().size().1).max(20));
        Self { width, column: 0, word: String::new() }
    }

    /// Prints `text`; on a terminal an unfinished last word waits for its rest.
    pub(crate) fn stream(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.width.is_none() {
            out.write_all(text.as_bytes())?;
            return out.flush();
        }
        for character in text.chars() {
            if character.is_whitespace() {
                self.put_word(&mut out)?;
                self.put_space(character, &mut out)?;
            } else {
                self.word.push(character);
            }
        }
        out.flush()
    }

    /// Prints what still waits, and ends the line.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        self.put_word(&mut out)?;
        self.column = 0;
        writeln!(out)
    }

    /// Prints one line of facts; on a terminal too narrow for it, broken between them.
    pub(crate) fn facts(&self, facts: &[String]) {
        for line in lines(facts, self.width) {
            println!("{line}");
        }
    }

    fn put_word(&mut self, out: &mut impl Write) -> io::Result<()> {
        let length = console::measure_text_width(&self.word);
        if self.column > 0 && self.width.is_some_and(|width| self.column + length > width) {
            writeln!(out)?;
            self.column = 0;
        }
        out.write_all(self.word.as_bytes())?;
        self.column += length;
        self.word.clear();
        Ok(())
    }

    fn put_space(&mut self, space: char, out: &mut impl Write) -> io::Result<()> {
        if space == '\n' {
            self.column = 0;
            return writeln!(out);
        }
        self.column += 1;
        write!(out, "{space}")
    }
}

const BETWEEN: &str = " | ";

fn lines(facts: &[String], width: Option<usize>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if width.is_none_or(|width| line.len() + BETWEEN.len() + fact.len() <= width) => {
                line.push_str(BETWEEN);
                line.push_str(fact);
            }
            _ => lines.push(fact.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    fn facts() -> Vec<String> {
        ["first token 0.5 s", "20 tokens/s", "cache hit"].map(str::to_owned).to_vec()
    }

    #[test]
    fn facts_are_one_line_without_a_terminal() {
        assert_eq!(lines(&facts(), None), ["first token 0.5 s | 20 tokens/s | cache hit"]);
    }

    #[test]
    fn facts_are_broken_between_them_on_a_narrow_terminal() {
        assert_eq!(lines(&facts(), Some(32)), ["first token 0.5 s | 20 tokens/s", "cache hit"]);
    }
}
