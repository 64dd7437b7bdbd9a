use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rushlight_models::hub::{FetchProgress, Progress};

/// A bar for each file that is fetched; without a terminal a line for every tenth of it.
#[derive(Debug, Default)]
pub(crate) struct Bars {
    current: Mutex<Option<Current>>,
    /// Sources of which was told that they failed.
    failed: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Current {
    file: String,
    source: String,
    tenths: u64,
    bar: ProgressBar,
}

impl Progress for Bars {
    fn update(&self, progress: &FetchProgress<'_>) {
        let mut current = self.current.lock().expect("nothing panics while it holds the bar");
        let file = format!("{}/{}", progress.model, progress.file);
        if current.as_ref().is_none_or(|shown| shown.file != file || shown.source != progress.source) {
            if let Some(old) = current.take() {
                old.bar.finish_and_clear();
            }
            let bar = bytes_bar(&format!("{} from {}", progress.file, progress.source), progress.total);
            *current = Some(Current { file, source: progress.source.to_owned(), tenths: 11, bar });
        }
        if let Some(shown) = current.as_mut() {
            shown.show(progress);
        }
    }

    fn source_failed(&self, source: &str, reason: &str) {
        if let Some(old) = self.current.lock().expect("nothing panics while it holds the bar").take() {
            old.bar.finish_and_clear();
        }
        let mut failed = self.failed.lock().expect("nothing panics while it holds the list");
        if !failed.iter().any(|known| known == source) {
            eprintln!("{source}: {reason}");
            failed.push(source.to_owned());
        }
    }
}

impl Current {
    fn show(&mut self, progress: &FetchProgress<'_>) {
        self.bar.set_position(progress.done);
        let tenths = progress.done * 10 / progress.total.max(1);
        if tenths != self.tenths && !std::io::stderr().is_terminal() {
            let megabytes = |bytes: u64| bytes as f64 / 1e6;
            let (done, total) = (megabytes(progress.done), megabytes(progress.total));
            eprintln!("{}: {done:.1} of {total:.1} MB from {}", self.file, self.source);
        }
        self.tenths = tenths;
        if progress.done >= progress.total {
            self.bar.finish();
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if let Ok(Some(current)) = self.current.get_mut() {
            current.bar.finish();
        }
    }
}

fn bytes_bar(label: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(label.to_owned());
    bar.set_style(style("{msg} {wide_bar} {bytes}/{total_bytes} {eta}"));
    bar
}

/// A bar over a number of things or bytes; without a terminal a line for every tenth of them.
#[derive(Debug)]
pub(crate) struct Count {
    label: String,
    unit: Unit,
    tenths: AtomicUsize,
    bar: ProgressBar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Thing,
    Byte,
}

impl Count {
    pub(crate) fn new(label: impl Into<String>) -> Self {
        Self::of(label.into(), Unit::Thing, "{msg} {wide_bar} {pos}/{len} {eta}")
    }

    pub(crate) fn bytes(label: impl Into<String>) -> Self {
        Self::of(label.into(), Unit::Byte, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
    }

    fn of(label: String, unit: Unit, template: &str) -> Self {
        let bar = ProgressBar::new(0).with_message(label.clone());
        bar.set_style(style(template));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { label, unit, tenths: AtomicUsize::new(0), bar }
    }

    pub(crate) fn show(&self, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        let tenths = done * 10 / total.max(1);
        if self.tenths.swap(tenths, Ordering::Relaxed) != tenths && !std::io::stderr().is_terminal() {
            match self.unit {
                Unit::Thing => eprintln!("{}: {done} of {total}", self.label),
                Unit::Byte => eprintln!("{}: {} of {} MB", self.label, done / 1_000_000, total / 1_000_000),
            }
        }
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant that is right")
}
