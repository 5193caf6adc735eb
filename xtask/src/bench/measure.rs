//! Wall time, CPU time and memory of a program and its children.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What one run of a program used.
pub(super) struct Usage {
    /// Seconds by the clock.
    pub(super) wall: f64,
    /// Seconds of user and system time, children included.
    pub(super) cpu: f64,
    /// Largest resident set of the program itself, octets.
    pub(super) rss: u64,
    /// Its resident set over time: seconds since the start, octets.
    pub(super) rss_series: Vec<(f64, u64)>,
    /// Largest sum of resident sets of its children, octets.
    pub(super) rss_children: u64,
    /// Exit status.
    pub(super) status: Option<i32>,
    /// Standard output.
    pub(super) output: String,
}

/// Runs a program to its end.
///
/// The shell's `time` counts, because it includes all children that have been waited for.
pub(super) fn run(command: &Command) -> Result<Usage> {
    let mut shell = Command::new("bash");
    shell
        .args(["-c", "TIMEFORMAT='%R %U %S'; time \"$@\"", "bash"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        shell.current_dir(dir);
    }
    let child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("bash")?;
    let watch = Watch::start(child.id());
    let output = child.wait_with_output()?;
    let (rss, rss_children, rss_series) = watch.stop();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let times: Vec<f64> =
        errors.lines().last().unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    let [wall, user, system] = times[..] else { anyhow::bail!("no times from the shell: {errors}") };
    Ok(Usage {
        wall,
        cpu: user + system,
        rss,
        rss_series,
        rss_children,
        status: output.status.code(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

/// Watches the resident sets of the processes below a shell.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
    own: Arc<AtomicU64>,
    children: Arc<AtomicU64>,
    series: Arc<Mutex<Vec<(f64, u64)>>>,
}

impl Watch {
    fn start(shell: u32) -> Self {
        let (stop, own, children) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let series = Arc::new(Mutex::new(Vec::new()));
        let began = Instant::now();
        let thread = std::thread::spawn({
            let (stop, own, children) = (Arc::clone(&stop), Arc::clone(&own), Arc::clone(&children));
            let series = Arc::clone(&series);
            move || {
                while !stop.load(Ordering::Relaxed) {
                    for program in below(shell) {
                        own.fetch_max(status_octets(program, "VmHWM:"), Ordering::Relaxed);
                        let now = (began.elapsed().as_secs_f64(), status_octets(program, "VmRSS:"));
                        series.lock().unwrap_or_else(PoisonError::into_inner).push(now);
                        children.fetch_max(
                            below(program).into_iter().map(|pid| status_octets(pid, "VmRSS:")).sum(),
                            Ordering::Relaxed,
                        );
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        });
        Self { stop, thread, own, children, series }
    }

    fn stop(self) -> (u64, u64, Vec<(f64, u64)>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().ok();
        let series = std::mem::take(&mut *self.series.lock().unwrap_or_else(PoisonError::into_inner));
        (self.own.load(Ordering::Relaxed), self.children.load(Ordering::Relaxed), series)
    }
}

fn below(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let direct: Vec<u32> = list.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    if direct.is_empty() { all_threads_children(pid) } else { direct }
}

/// Children may belong to any thread of a program.
fn all_threads_children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

/// A field of `/proc/PID/status`, octets; 0 if the process is gone.
pub(super) fn status_octets(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// A server that is stopped when this goes out of scope.
pub(super) struct Server(pub(super) Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Whether a program is installed.
pub(super) fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// The share `p` (0 to 1) of sorted values.
pub(super) fn percentile(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * p).round() as usize).copied().unwrap_or(0.0)
}

/// Octets in MB (10⁶).
pub(super) fn mb(octets: u64) -> f64 {
    octets as f64 / 1e6
}
