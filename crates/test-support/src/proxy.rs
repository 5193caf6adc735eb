//! A bad line between a client and a real server: it cuts, stalls, corrupts and dawdles.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

/// Pieces that have left and not arrived; then whoever sends waits, as it would for a window of TCP.
const PIECES_ON_THE_WAY: usize = 256;
/// Octets carried at once.
const PIECE_OCTETS: usize = 16 << 10;

/// What is wrong with one connection. Octets are counted in the direction from the server, but for `CutBefore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Nobody is there.
    Refuse,
    /// Both directions end after so many octets.
    Cut(usize),
    /// Both directions end after so many octets of the client, before the server has them.
    CutBefore(usize),
    /// Nothing comes any more after so many octets, and nobody hangs up.
    Stall(usize),
    /// The octet at this place arrives as another.
    Corrupt(usize),
    /// None, but everything takes so long each way.
    Far(Duration),
    /// The same, and no more than so many octets a second come from the server.
    Narrow(Duration, u64),
    /// Octets come in pieces of this size, each a millisecond after the last.
    Dawdle(usize),
}

/// Listens on a port of 127.0.0.1 and passes on to a server there; ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    connections: Arc<AtomicUsize>,
    octets: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Proxy {
    /// Passes on to `server`; `fault` says what is wrong with the n-th connection, the first being 0.
    ///
    /// # Panics
    /// If there is no port.
    pub fn start(server: u16, fault: impl Fn(usize) -> Fault + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (connections, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, over) = (Arc::clone(&connections), Arc::clone(&is_over));
        let octets = Arc::new(AtomicU64::new(0));
        let carried = Arc::clone(&octets);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                let fault = fault(counted.fetch_add(1, Ordering::AcqRel));
                if fault != Fault::Refuse
                    && let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server))
                {
                    join(client, server, fault, &carried);
                }
            }
        });
        Self { port, connections, octets, is_over }
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Connections there have been.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    /// Octets that came from the server over all connections.
    pub fn octets(&self) -> u64 {
        self.octets.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // Wakes the thread that listens.
        let _ = TcpStream::connect_timeout(
            &SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
            Duration::from_secs(1),
        );
    }
}

fn join(client: TcpStream, server: TcpStream, fault: Fault, octets: &Arc<AtomicU64>) {
    let (Ok(client_too), Ok(server_too)) = (client.try_clone(), server.try_clone()) else { return };
    let before = match fault {
        Fault::CutBefore(_) | Fault::Far(_) => fault,
        Fault::Narrow(away, _) => Fault::Far(away),
        _ => Fault::None,
    };
    let after = if matches!(fault, Fault::CutBefore(_)) { Fault::None } else { fault };
    let (uncounted, counted) = (AtomicU64::new(0), Arc::clone(octets));
    thread::spawn(move || carry(&client, &server, before, &uncounted));
    thread::spawn(move || carry(&server_too, &client_too, after, &counted));
}

fn carry(mut from: &TcpStream, mut to: &TcpStream, fault: Fault, octets: &AtomicU64) {
    match fault {
        Fault::Far(away) => return carry_far(from, to, away, None, octets),
        Fault::Narrow(away, rate) => return carry_far(from, to, away, Some(rate), octets),
        _ => {}
    }
    let mut piece = vec![0; if let Fault::Dawdle(size) = fault { size.max(1) } else { PIECE_OCTETS }];
    let mut carried = 0;
    while let Ok(count @ 1..) = from.read(&mut piece) {
        let mut end = count;
        match fault {
            Fault::Cut(at) | Fault::CutBefore(at) | Fault::Stall(at) => end = count.min(at - carried.min(at)),
            Fault::Corrupt(at) if (carried..carried + count).contains(&at) => piece[at - carried] ^= 0x20,
            Fault::Dawdle(_) => thread::sleep(Duration::from_millis(1)),
            _ => {}
        }
        carried += count;
        octets.fetch_add(end as u64, Ordering::AcqRel);
        if to.write_all(&piece[..end]).is_err() {
            break;
        }
        // Of what stalls the rest is thrown away until the client has had enough.
        if end < count && !matches!(fault, Fault::Stall(_)) {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Everything arrives later, and as fast, or with so many octets a second.
fn carry_far(
    mut from: &TcpStream,
    mut to: &TcpStream,
    away: Duration,
    rate: Option<u64>,
    octets: &AtomicU64,
) {
    let (on_the_way, arriving) = sync_channel::<(Instant, Vec<u8>)>(PIECES_ON_THE_WAY);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut free = Instant::now();
            for (due, piece) in arriving {
                if let Some(rate) = rate {
                    free = free.max(due) + Duration::from_secs_f64(piece.len() as f64 / rate as f64);
                }
                thread::sleep(due.max(free).saturating_duration_since(Instant::now()));
                if to.write_all(&piece).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
        let mut piece = vec![0; PIECE_OCTETS];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            octets.fetch_add(count as u64, Ordering::AcqRel);
            if on_the_way.send((Instant::now() + away, piece[..count].to_vec())).is_err() {
                break;
            }
        }
        drop(on_the_way);
    });
    let _ = from.shutdown(Shutdown::Both);
}
