//! Work in several threads whose results come out in the order the work went in.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Where work goes in. Blocks when too much is under way, so that memory stays bounded.
pub(crate) struct Pool<I, O> {
    entrance: Arc<Mutex<Option<Entrance<I, O>>>>,
}

struct Entrance<I, O> {
    jobs: SyncSender<(I, SyncSender<O>)>,
    order: SyncSender<Receiver<O>>,
}

/// Where results come out, in order.
pub(crate) struct Results<O>(Receiver<Receiver<O>>);

impl<I, O> Clone for Pool<I, O> {
    fn clone(&self) -> Self {
        Self { entrance: Arc::clone(&self.entrance) }
    }
}

impl<I: Send + 'static, O: Send + 'static> Pool<I, O> {
    /// Starts `threads` workers; each makes its own worker function, which may keep state. At most `waiting` pieces of
    /// work are under way beyond those being worked on.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub(crate) fn start<W: FnMut(I) -> O>(
        name: &str,
        threads: usize,
        waiting: usize,
        make: impl Fn() -> W + Send + Sync + 'static,
    ) -> std::io::Result<(Self, Results<O>)> {
        let (jobs, work) = sync_channel::<(I, SyncSender<O>)>(waiting);
        let (order, results) = sync_channel(waiting + threads);
        let (work, make) = (Arc::new(Mutex::new(work)), Arc::new(make));
        for number in 0..threads.max(1) {
            let (work, make) = (Arc::clone(&work), Arc::clone(&make));
            thread::Builder::new().name(format!("{name} {number}")).spawn(move || {
                let mut worker = make();
                loop {
                    let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((input, answer)) = next else { return };
                    // Nobody waits any more if the receiver stopped: the work is void then.
                    answer.send(worker(input)).ok();
                }
            })?;
        }
        Ok((Self { entrance: Arc::new(Mutex::new(Some(Entrance { jobs, order }))) }, Results(results)))
    }

    /// Hands work in; false if nobody takes results any more.
    pub(crate) fn push(&self, input: I) -> bool {
        let (answer, result) = sync_channel(1);
        // Both queues get their entry under one lock, so that they agree on the order.
        let entrance = self.entrance.lock().unwrap_or_else(PoisonError::into_inner);
        entrance.as_ref().is_some_and(|entrance| {
            entrance.order.send(result).is_ok() && entrance.jobs.send((input, answer)).is_ok()
        })
    }

    /// Takes no more work: results end after what is under way.
    pub(crate) fn close(&self) {
        self.entrance.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// What waiting for a result gave.
pub(crate) enum Next<O> {
    /// The next result.
    Result(O),
    /// Nothing has been handed in for so long.
    Quiet,
    /// A worker failed on this piece of work.
    Lost,
    /// There will be none any more.
    End,
}

impl<O> Results<O> {
    /// Waits for the next result; `patience` only counts until work is handed in.
    pub(crate) fn next(&self, patience: Option<std::time::Duration>) -> Next<O> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        let handed = match patience {
            None => self.0.recv().map_err(|_| Disconnected),
            Some(patience) => self.0.recv_timeout(patience),
        };
        match handed {
            Ok(result) => result.recv().map_or(Next::Lost, Next::Result),
            Err(Timeout) => Next::Quiet,
            Err(Disconnected) => Next::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order() {
        let (pool, results) = Pool::start("test", 3, 4, || {
            |number: u64| (0..(number * 7919 % 5000)).fold(number, |a, b| if b == u64::MAX { b } else { a })
        })
        .unwrap();
        let pushing = pool.clone();
        let pusher = thread::spawn(move || (0..1000).all(|number| pushing.push(number)));
        for expected in 0..1000 {
            let Next::Result(number) = results.next(None) else { panic!("no result") };
            assert_eq!(number, expected);
        }
        assert!(pusher.join().unwrap());
        pool.close();
        assert!(matches!(results.next(None), Next::End));
        assert!(!pool.push(1));
    }
}
