/// What a piece of generated text may do now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopping {
    /// Text that can be shown: it is no part of a stop string, whatever comes next.
    pub text: String,
    /// The stop string that was reached; nothing after it is shown.
    pub stop: Option<String>,
}

/// Finds stop strings in a stream of text and never lets a part of one through.
///
/// Text that might be the beginning of a stop string is held back until the next piece decides.
#[derive(Debug, Clone, Default)]
pub struct StopStrings {
    stops: Vec<String>,
    held: String,
    reached: bool,
}

impl StopStrings {
    /// Watches for these strings; empty ones are ignored.
    pub fn new<S: Into<String>>(stops: impl IntoIterator<Item = S>) -> Self {
        let stops = stops.into_iter().map(Into::into).filter(|stop: &String| !stop.is_empty()).collect();
        Self { stops, held: String::new(), reached: false }
    }

    /// Takes the next piece of text.
    ///
    /// The stop string that is complete first wins, of those that end at the same place the longest: how the
    /// text is cut into pieces makes no difference. After one was reached, every further piece gives nothing.
    pub fn push(&mut self, piece: &str) -> Stopping {
        if self.reached {
            return Stopping::default();
        }
        self.held.push_str(piece);
        if let Some((start, stop)) = self.first_stop() {
            let stop = stop.to_owned();
            self.reached = true;
            let mut text = std::mem::take(&mut self.held);
            text.truncate(start);
            return Stopping { text, stop: Some(stop) };
        }
        let keep_from = self.held.len() - self.undecided();
        let rest = self.held.split_off(keep_from);
        Stopping { text: std::mem::replace(&mut self.held, rest), stop: None }
    }

    /// Gives the text that was held back, once nothing more will come.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    fn first_stop(&self) -> Option<(usize, &str)> {
        self.stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()).map(|start| (start, stop.as_str())))
            .min_by_key(|&(start, stop)| (start + stop.len(), start))
    }

    /// Length of the longest end of the held text that begins a stop string.
    fn undecided(&self) -> usize {
        self.stops
            .iter()
            .flat_map(|stop| stop.char_indices().skip(1).map(|(end, _)| &stop[..end]))
            .filter(|beginning| self.held.ends_with(beginning))
            .map(str::len)
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
