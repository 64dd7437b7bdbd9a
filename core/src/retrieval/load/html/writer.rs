/// Writes Markdown, block by block.
///
/// Only structure is written: emphasis and the targets of links are not. What text would mean in Markdown by
/// accident is escaped at the start of a line, where it would begin another kind of block.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// How many open elements are marked as the main part.
    pub(super) main: usize,
    blocks: Vec<Block>,
    /// The paragraph, heading or cell so far; white space is collapsed.
    line: String,
    heading: Option<u8>,
    first_heading: String,
    lists: Vec<List>,
    quotes: usize,
    code_block: Option<CodeBlock>,
    tables: Vec<Table>,
}

/// Lists and quotations in each other that are shown as such: deeper ones than anybody writes would make each
/// line as long as the page.
const MAX_DEPTH: usize = 16;

#[derive(Debug)]
struct Block {
    text: String,
    is_main: bool,
    is_item: bool,
}

#[derive(Debug)]
struct List {
    /// The number of the next item; none in a list without numbers.
    next: Option<usize>,
    /// The mark of an item whose text has not begun.
    mark: Option<String>,
    /// Columns of the last mark, by which the rest of its item is indented.
    width: usize,
}

#[derive(Debug, Default)]
struct CodeBlock {
    language: String,
    text: String,
}

#[derive(Debug, Default)]
struct Table {
    rows: Vec<Vec<String>>,
    in_cell: bool,
    /// Whether it only places things on the page: a cell holds lists, headings or another table.
    is_layout: bool,
}

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) first_heading: String,
}

impl Writer {
    pub(super) fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code_block {
            code.text.push_str(text);
            return;
        }
        for character in text.chars() {
            if !character.is_whitespace() {
                self.line.push(character);
            } else if !self.line.is_empty() && !self.line.ends_with(char::is_whitespace) {
                self.line.push(' ');
            }
        }
    }

    pub(super) fn line_break(&mut self) {
        if let Some(code) = &mut self.code_block {
            code.text.push('\n');
        } else if self.heading.is_some() || self.is_in_cell() {
            self.text(" ");
        } else {
            self.line.truncate(self.line.trim_end().len());
            self.line.push('\n');
        }
    }

    /// Ends the paragraph, if one has begun.
    pub(super) fn end_block(&mut self) {
        if let Some(code) = &mut self.code_block {
            if !code.text.is_empty() && !code.text.ends_with('\n') {
                code.text.push('\n');
            }
            return;
        }
        if self.is_in_cell() || self.heading.is_some() {
            self.text(" ");
            return;
        }
        let line = std::mem::take(&mut self.line);
        let text: Vec<String> = line.trim().lines().map(|line| escaped(line.trim())).collect();
        self.push(&text.join("\n"));
    }

    pub(super) fn heading(&mut self, level: u8) {
        self.structure();
        self.heading = Some(level);
    }

    pub(super) fn end_heading(&mut self) {
        let Some(level) = self.heading.take() else {
            return;
        };
        let line = std::mem::take(&mut self.line);
        let text = line.trim();
        if !text.is_empty() {
            if self.first_heading.is_empty() {
                text.clone_into(&mut self.first_heading);
            }
            self.push(&format!("{} {text}", "#".repeat(usize::from(level))));
        }
    }

    pub(super) fn list(&mut self, numbered: bool) {
        self.structure();
        self.lists.push(List { next: numbered.then_some(1), mark: None, width: 2 });
    }

    pub(super) fn item(&mut self) {
        self.end_block();
        if let Some(list) = self.lists.last_mut() {
            let mark = match &mut list.next {
                Some(number) => {
                    *number += 1;
                    format!("{}. ", *number - 1)
                }
                None => "- ".to_owned(),
            };
            list.width = mark.len();
            list.mark = Some(mark);
        }
    }

    pub(super) fn end_list(&mut self) {
        self.end_block();
        self.lists.pop();
    }

    pub(super) fn quote(&mut self) {
        self.end_block();
        self.quotes += 1;
    }

    pub(super) fn end_quote(&mut self) {
        self.end_block();
        self.quotes = self.quotes.saturating_sub(1);
    }

    pub(super) fn code_block(&mut self) {
        self.structure();
        self.code_block.get_or_insert_default();
    }

    pub(super) fn end_code_block(&mut self) {
        let Some(code) = self.code_block.take() else {
            return;
        };
        let text = code.text.strip_prefix('\n').unwrap_or(&code.text).trim_end();
        if !text.trim().is_empty() {
            let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
            let fence = "`".repeat((longest + 1).max(3));
            self.push(&format!("{fence}{}\n{text}\n{fence}", code.language));
        }
    }

    /// Code in a line, or the language of a block of code.
    pub(super) fn code(&mut self, language: Option<&str>) {
        match &mut self.code_block {
            Some(block) if block.text.trim().is_empty() => {
                language.unwrap_or_default().clone_into(&mut block.language);
            }
            Some(_) => {}
            None => self.line.push('`'),
        }
    }

    pub(super) fn end_code(&mut self) {
        if self.code_block.is_none() {
            match self.line.strip_suffix('`') {
                Some(before) => self.line.truncate(before.len()),
                None => self.line.push('`'),
            }
        }
    }

    pub(super) fn table(&mut self) {
        self.structure();
        self.tables.push(Table::default());
    }

    pub(super) fn row(&mut self) {
        self.end_cell();
        match self.tables.last_mut() {
            Some(table) if !table.is_layout => table.rows.push(Vec::new()),
            _ => self.end_block(),
        }
    }

    pub(super) fn cell(&mut self) {
        self.end_cell();
        self.end_block();
        if let Some(table) = self.tables.last_mut().filter(|table| !table.is_layout) {
            table.in_cell = true;
            if table.rows.is_empty() {
                table.rows.push(Vec::new());
            }
        }
    }

    pub(super) fn end_cell(&mut self) {
        let Some(table) = self.tables.last_mut().filter(|table| table.in_cell) else {
            return;
        };
        table.in_cell = false;
        let text = std::mem::take(&mut self.line);
        if let Some(row) = table.rows.last_mut() {
            row.push(text.trim().replace('|', "\\|"));
        }
    }

    pub(super) fn end_table(&mut self) {
        self.end_cell();
        self.end_block();
        let Some(table) = self.tables.pop().filter(|table| !table.is_layout) else {
            return;
        };
        let rows: Vec<Vec<String>> =
            table.rows.into_iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut lines: Vec<String> = rows.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
        if let Some(first) = lines.first_mut() {
            first.push_str(&"  |".repeat(columns - rows[0].len()));
            lines.insert(1, format!("|{}", "---|".repeat(columns)));
            self.push(&lines.join("\n"));
        }
    }

    pub(super) fn finish(mut self) -> Written {
        self.end_heading();
        self.end_code_block();
        while !self.tables.is_empty() {
            self.end_table();
        }
        self.end_block();
        let has_main = self.blocks.iter().any(|block| block.is_main);
        let mut text = String::new();
        let mut after_item = false;
        for block in self.blocks.iter().filter(|block| block.is_main || !has_main) {
            if !text.is_empty() {
                text.push_str(if after_item && block.is_item { "\n" } else { "\n\n" });
            }
            text.push_str(&block.text);
            after_item = block.is_item;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        Written { text, first_heading: self.first_heading }
    }

    /// Whether a cell of a table is being read.
    fn is_in_cell(&self) -> bool {
        self.tables.last().is_some_and(|table| table.in_cell)
    }

    /// Makes place for a block that no cell of a table can hold: the table was only layout then, and what it
    /// held so far are paragraphs.
    fn structure(&mut self) {
        self.end_heading();
        self.end_cell();
        // Those around it were layout already when it began.
        if let Some(table) = self.tables.last_mut() {
            table.is_layout = true;
            for text in std::mem::take(&mut table.rows).into_iter().flatten() {
                self.push(&escaped(&text));
            }
        }
        self.end_block();
    }

    /// Adds a block, marked and indented as the lists and quotations around it say.
    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut indent = String::new();
        let mut first = String::new();
        let mut is_item = false;
        let hidden = self.lists.len().saturating_sub(MAX_DEPTH);
        for list in &mut self.lists[hidden..] {
            let space = " ".repeat(list.width);
            let mark = list.mark.take();
            is_item |= mark.is_some();
            first.push_str(mark.as_deref().unwrap_or(&space));
            indent.push_str(&space);
        }
        let quote = "> ".repeat(self.quotes.min(MAX_DEPTH));
        let mut block = String::new();
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                block.push('\n');
            }
            block.push_str(&quote);
            block.push_str(if number == 0 { &first } else { &indent });
            block.push_str(line);
        }
        self.blocks.push(Block { text: block, is_main: self.main > 0, is_item });
    }
}

/// A line of text that begins no other block in Markdown.
fn escaped(line: &str) -> String {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let numbers = digits > 0 && line[digits..].starts_with(['.', ')']);
    if numbers {
        return format!("{}\\{}", &line[..digits], &line[digits..]);
    }
    let opens = line.starts_with(['#', '>', '<'])
        || ["- ", "+ ", "* ", "---", "***", "___", "===", "```", "~~~"]
            .iter()
            .any(|mark| line.starts_with(mark));
    if opens { format!("\\{line}") } else { line.to_owned() }
}
