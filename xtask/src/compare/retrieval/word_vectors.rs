use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::rows::Vectors;
use crate::engine::retrieval::Rows;
use crate::failure::{Failure, Result};
use crate::workspace;

/// Vectors of words in a text file as `GloVe` has them (Pennington et al., 2014): a word and its numbers a line.
#[derive(Debug)]
pub(super) struct WordVectors {
    path: PathBuf,
    lines: usize,
    dimensions: usize,
}

impl WordVectors {
    /// The first file of the folder and its folders that is named `glove*.txt`.
    pub(super) fn find(folder: &Path) -> Result<Option<Self>> {
        let files = workspace::files(folder, is_named)?;
        files.into_iter().next().map(Self::open).transpose()
    }

    fn open(path: PathBuf) -> Result<Self> {
        let failed = |error: io::Error| Failure::io("read", &path, &error);
        let mut lines = BufReader::new(File::open(&path).map_err(failed)?).lines();
        let first = lines.next().transpose().map_err(failed)?.unwrap_or_default();
        let dimensions = first.split(' ').count() - 1;
        let mut count = 1;
        for line in lines {
            line.map_err(failed)?;
            count += 1;
        }
        if dimensions == 0 {
            return Err(Failure::new(format!(
                "`{}`: expected a word and its numbers in a line",
                path.display()
            )));
        }
        Ok(Self { path, lines: count, dimensions })
    }

    /// How many rows there are besides so many queries, at most so many.
    pub(super) fn count(&self, rows: usize, queries: usize) -> usize {
        self.lines.saturating_sub(queries).min(rows)
    }

    /// So many of the vectors and so many others as queries, both spread over the whole file and of length 1, in files
    /// of this folder.
    pub(super) fn write(&self, folder: &Path, rows: usize, queries: usize) -> Result<Vectors> {
        let wanted = self.count(rows, queries) + queries.min(self.lines);
        let file = |name: &str| Rows {
            path: folder.join(format!("{name}.f32")),
            count: 0,
            dimensions: self.dimensions,
        };
        let mut vectors = Vectors { rows: file("words"), queries: file("words-queries") };
        let create = |rows: &Rows| {
            let file = File::create(&rows.path).map_err(|error| Failure::io("create", &rows.path, &error));
            file.map(BufWriter::new)
        };
        let (mut row_file, mut query_file) = (create(&vectors.rows)?, create(&vectors.queries)?);
        let failed = |error: io::Error| Failure::io("copy", &self.path, &error);
        let text = BufReader::new(File::open(&self.path).map_err(failed)?);
        let mut taken = 0;
        for (number, line) in text.lines().enumerate() {
            let line = line.map_err(failed)?;
            if !is_step(number, wanted, self.lines) {
                continue;
            }
            let vector = unit(&line, self.dimensions).ok_or_else(|| {
                let (path, line) = (self.path.display(), number + 1);
                Failure::new(format!(
                    "`{path}`: line {line}: expected a word and {} numbers, not all 0",
                    self.dimensions
                ))
            })?;
            let is_query = is_step(taken, queries.min(wanted), wanted);
            let (file, rows) = if is_query {
                (&mut query_file, &mut vectors.queries)
            } else {
                (&mut row_file, &mut vectors.rows)
            };
            let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_ne_bytes()).collect();
            file.write_all(&bytes).map_err(failed)?;
            rows.count += 1;
            taken += 1;
        }
        row_file.flush().and_then(|()| query_file.flush()).map_err(failed)?;
        Ok(vectors)
    }
}

/// Whether a file holds vectors of words, by its name.
pub(super) fn is_named(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("glove") && workspace::is_text(path))
}

/// Whether the one of this number is among `wanted` of `all` that are spread evenly.
fn is_step(number: usize, wanted: usize, all: usize) -> bool {
    (number + 1) * wanted / all != number * wanted / all
}

/// The vector at the end of a line, of length 1; the word before it may have spaces.
fn unit(line: &str, dimensions: usize) -> Option<Vec<f32>> {
    let mut fields = line.trim_end().rsplitn(dimensions + 1, ' ');
    let mut values: Vec<f32> =
        fields.by_ref().take(dimensions).map_while(|field| field.parse().ok()).collect();
    fields.next().filter(|word| !word.is_empty())?;
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if values.len() < dimensions || !(length.is_normal()) {
        return None;
    }
    values.reverse();
    for value in &mut values {
        *value /= length;
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_line_is_a_word_and_a_vector_that_gets_length_one() {
        assert_eq!(unit("the 3.0 -4.0", 2), Some(vec![0.6, -0.8]));
        assert_eq!(unit(". . 0 2", 2), Some(vec![0.0, 1.0]));
        assert_eq!(unit("the 3.0", 2), None);
        assert_eq!(unit("the 3.0 x", 2), None);
        assert_eq!(unit("the 0 0", 2), None);
        assert_eq!(unit("the 1 NaN", 2), None);
    }

    #[test]
    fn rows_and_queries_are_different_words_of_the_whole_file() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let lines: Vec<String> = (1..=10).map(|number| format!("word{number} {number} 1")).collect();
        fs::write(folder.path().join("glove.small.txt"), lines.join("\n")).expect("it can be written");

        let words = WordVectors::find(folder.path()).expect("it can be read").expect("it is there");
        let vectors = words.write(folder.path(), 4, 2).expect("they are numbers");

        let read = |rows: &Rows| -> Vec<f32> {
            let bytes = fs::read(&rows.path).expect("it was written");
            let values: Vec<f32> =
                bytes.as_chunks().0.iter().map(|value| f32::from_ne_bytes(*value)).collect();
            // A row is told by its direction.
            values.chunks_exact(2).map(|row| (row[0] / row[1]).round()).collect()
        };
        assert_eq!((words.count(4, 2), words.count(100, 2), words.count(4, 20)), (4, 8, 0));
        assert_eq!((vectors.rows.count, vectors.queries.count), (4, 2));
        assert_eq!(read(&vectors.rows), [2.0, 4.0, 7.0, 9.0]);
        assert_eq!(read(&vectors.queries), [5.0, 10.0]);
    }

    #[test]
    fn a_file_without_numbers_is_named() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        fs::write(folder.path().join("glove.txt"), "word").expect("it can be written");

        let failure = WordVectors::find(folder.path()).expect_err("it has no numbers");

        assert!(failure.to_string().contains("glove.txt"));
    }
}
