//! Counts of requests for `/metrics`.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusClass {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

/// All counts with their names.
#[derive(Debug)]
pub(crate) struct Counters {
    registry: Registry,
    requests: Family<StatusClass, Counter>,
    seconds: Histogram,
    mails: Family<Stage, Gauge>,
    index_behind: Gauge,
    free_octets: Gauge,
    /// Set and encoded together, so that two readers do not mix.
    reading: Mutex<()>,
}

/// Values looked up for each reading.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Levels {
    /// Mails by stage.
    pub(crate) received: u64,
    /// Done.
    pub(crate) filed: u64,
    /// In quarantine.
    pub(crate) quarantined: u64,
    /// Mails the search does not know yet.
    pub(crate) index_behind: u64,
    /// Room on the disk.
    pub(crate) free_octets: u64,
}

impl Default for Counters {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("poststelle");
        let requests = Family::default();
        let seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 16));
        let mails = Family::default();
        let (index_behind, free_octets) = (Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests answered, by class of status", Family::clone(&requests));
        registry.register_with_unit(
            "http_request_duration",
            "Time to the first octet of the answer",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register("mails", "Mails by stage", Family::clone(&mails));
        registry.register("index_behind", "Mails the search does not know yet", index_behind.clone());
        registry.register_with_unit(
            "disk_free",
            "Room where the data lies",
            Unit::Bytes,
            free_octets.clone(),
        );
        Self { registry, requests, seconds, mails, index_behind, free_octets, reading: Mutex::default() }
    }
}

impl Counters {
    /// Counts an answer.
    pub(crate) fn request(&self, status: StatusCode, took: Duration) {
        let status = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&StatusClass { status }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// All counts as text.
    pub(crate) fn text(&self, levels: Levels) -> String {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let stages =
            [("received", levels.received), ("filed", levels.filed), ("quarantined", levels.quarantined)];
        for (stage, mails) in stages {
            self.mails.get_or_create(&Stage { stage }).set(mails as i64);
        }
        self.index_behind.set(levels.index_behind as i64);
        self.free_octets.set(levels.free_octets as i64);
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}
