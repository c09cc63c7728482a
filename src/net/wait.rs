//! The one place that waits: steps and deadlines.
//!
//! A step never blocks. It either finishes or says which socket to watch and until when;
//! [`block_on`] polls that socket together with the bell of the waiting thread, see `wait/wake.rs`.

mod wake;

use std::cell::Cell;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::net::sys::{self, PollFd};

pub use crate::net::sys::RawSocketId;
pub use wake::{Cancel, News, Wakeup};

use wake::{Registered, Waker};

/// How often a thread with an interrupt check looks at it.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(50);

/// What a step came to.
#[derive(Debug)]
pub enum Step<T> {
    /// Finished, with this result.
    Done(T),
    /// To be called again when `watch` is ready, or for the last time when `deadline` passes.
    Wait {
        /// What to wait for.
        watch: Watch,
        /// When waiting is in vain; `None` is never.
        deadline: Option<Instant>,
    },
    /// To be called again at once, unless the call is to end.
    Again,
}

/// What a step waits for: a socket, and news from other threads.
#[derive(Debug)]
pub struct Watch {
    /// The socket.
    pub socket: RawSocketId,
    /// Wait until it has something to receive.
    pub readable: bool,
    /// Wait until it takes something to send.
    pub writable: bool,
    /// When the step looks again though nothing is ready. This is no deadline.
    pub until: Option<Instant>,
    /// News that also ends the wait.
    pub news: Option<News>,
}

impl Watch {
    /// Watches no socket, only `news` and the deadline.
    pub fn news(news: News) -> Self {
        let news = Some(news);
        Self { socket: sys::NO_SOCKET, readable: false, writable: false, until: None, news }
    }
}

thread_local! {
    static INTERRUPT: Cell<Option<fn() -> bool>> = const { Cell::new(None) };
    static INTERRUPT_ASKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Sets or removes this thread's interrupt check.
///
/// While set, every wait of this thread calls it at least every 50 ms and after a signal, with no
/// lock held; when it answers true the waiting call ends with [`ErrorKind::Aborted`].
pub fn set_interrupt(check: Option<fn() -> bool>) {
    INTERRUPT.set(check);
}

/// Calls `step` until it is done, and waits in between. This is the blocking form of every call.
///
/// Ends early with [`ErrorKind::Aborted`] when one of `cancels` is set or the interrupt check of
/// this thread says so, in both cases before the next step. When a deadline passes, the step is
/// called once more; if it then neither finishes nor sets a later deadline, the call ends with
/// [`ErrorKind::Timeout`] and nothing is lost: the same call may be made again.
pub fn block_on<T>(cancels: &[&Cancel], mut step: impl FnMut() -> Result<Step<T>>) -> Result<T> {
    let cancels = Cancels::new(cancels);
    let mut was_late = false;
    loop {
        cancels.check()?;
        let (watch, deadline) = match step()? {
            Step::Done(result) => return Ok(result),
            Step::Again => {
                if let Some(check) = INTERRUPT.get() {
                    ask(check, false)?;
                }
                continue;
            }
            Step::Wait { watch, deadline } => (watch, deadline),
        };
        // A flood that keeps the socket ready does not outrun the deadline.
        if was_late && is_over(deadline) {
            return Err(timeout());
        }
        let socket = PollFd::new(watch.socket, watch.readable, watch.writable);
        let mut fds = [socket, PollFd::nothing()];
        let end = deadline.into_iter().chain(watch.until).min();
        was_late = wait(&mut fds, end, watch.news.as_ref(), &cancels)? && is_over(deadline);
    }
}

/// A socket for [`wait_ready`].
#[derive(Debug)]
pub struct Ready {
    /// The socket.
    pub socket: RawSocketId,
    /// Wait until it has something to receive.
    pub readable: bool,
    /// Wait until it takes something to send.
    pub writable: bool,
    /// Set by the wait: something asked for, an error or the end is there.
    pub ready: bool,
}

/// Waits until at least one of several sockets is ready, and marks those that are.
///
/// True when one is ready; false when the deadline passed. Ends as [`block_on`] does.
pub fn wait_ready(
    watches: &mut [Ready],
    deadline: Option<Instant>,
    cancels: &[&Cancel],
) -> Result<bool> {
    let cancels = Cancels::new(cancels);
    let mut fds: Vec<PollFd> =
        watches.iter().map(|w| PollFd::new(w.socket, w.readable, w.writable)).collect();
    fds.push(PollFd::nothing());
    loop {
        cancels.check()?;
        let late = wait(&mut fds, deadline, None, &cancels)?;
        for (watch, fd) in watches.iter_mut().zip(&fds) {
            watch.ready = fd.is_ready();
        }
        let ready = watches.iter().any(|watch| watch.ready);
        if ready || late {
            return Ok(ready);
        }
    }
}

/// The tokens that can end a call, and how often they were set when the call began.
struct Cancels<'a> {
    tokens: &'a [&'a Cancel],
    before: u64,
}

impl<'a> Cancels<'a> {
    fn new(tokens: &'a [&'a Cancel]) -> Self {
        Self { tokens, before: Self::count(tokens) }
    }

    fn count(tokens: &[&Cancel]) -> u64 {
        tokens.iter().map(|token| token.count()).fold(0, u64::wrapping_add)
    }

    fn any(&self) -> bool {
        self.tokens.iter().any(|token| token.is_cancelled())
            || Self::count(self.tokens) != self.before
    }

    fn check(&self) -> Result<()> {
        if self.any() { Err(aborted("The call was ended by the program.")) } else { Ok(()) }
    }
}

/// Polls once; whether the deadline has passed. The last of `fds` is replaced by this thread's bell.
fn wait(
    fds: &mut [PollFd],
    deadline: Option<Instant>,
    news: Option<&News>,
    cancels: &Cancels<'_>,
) -> Result<bool> {
    // Asked after the registration: what happened before it rang no bell.
    let happened = || cancels.any() || news.is_some_and(News::came);
    if cancels.tokens.is_empty() && news.is_none() {
        return poll(fds, deadline, None, happened);
    }
    let waker = Waker::of_this_thread()?;
    if let Some(last) = fds.last_mut() {
        *last = PollFd::new(waker.bell.id(), true, false);
    }
    let _registered = Registered::new(&waker, news, cancels.tokens);
    poll(fds, deadline, Some(&waker), happened)
}

/// One poll, cut into pieces while this thread has an interrupt check. The last of `fds` is the bell
/// of `waker`; `happened` tells whether there is a reason to ring it.
fn poll(
    fds: &mut [PollFd],
    deadline: Option<Instant>,
    waker: Option<&Waker>,
    happened: impl Fn() -> bool,
) -> Result<bool> {
    let interrupt = INTERRUPT.get();
    loop {
        // A bell that rings at the deadline saves a timer of the poll, and a look at the clock.
        let timed = interrupt.is_none()
            && deadline.zip(waker).is_some_and(|(deadline, waker)| waker.bell.ring_by(deadline));
        let timeout = if timed { None } else { poll_timeout(deadline, interrupt.is_some()) };
        // Setting the bell may have undone a call, and an interrupt check that waits itself answers it.
        if waker.is_some_and(Waker::was_called) || happened() {
            return Ok(is_over(deadline));
        }
        let result = sys::poll(fds, timeout);
        if let Some(check) = interrupt {
            ask(check, result.is_err())?;
        }
        let (ready, rings) = match result {
            Ok(ready) => {
                let rings = waker.filter(|_| fds.last().is_some_and(PollFd::is_ready));
                let called = rings.is_some_and(Waker::silence);
                (called || ready > usize::from(rings.is_some()), rings.is_some())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (false, false),
            Err(error) => {
                let text = format!("Waiting for the network failed: {error}.");
                return Err(Error::new(ErrorKind::Internal, text));
            }
        };
        let late = (rings || !timed) && is_over(deadline);
        if ready || late {
            return Ok(late);
        }
    }
}

/// How long a poll may take: until the deadline, or until the interrupt check is to be asked.
fn poll_timeout(deadline: Option<Instant>, interruptible: bool) -> Option<Duration> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let interval = interruptible.then_some(INTERRUPT_INTERVAL);
    left.into_iter().chain(interval).min()
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= Instant::now())
}

/// Calls the interrupt check when a signal came or when it was not called for a while.
fn ask(check: fn() -> bool, signal: bool) -> Result<()> {
    let now = Instant::now();
    let recent = INTERRUPT_ASKED.get().is_some_and(|asked| now - asked < INTERRUPT_INTERVAL);
    if recent && !signal {
        return Ok(());
    }
    INTERRUPT_ASKED.set(Some(now));
    if check() {
        return Err(aborted("The call was interrupted by the program, as Ctrl-C does."));
    }
    Ok(())
}

fn aborted(text: &str) -> Error {
    Error::new(ErrorKind::Aborted, text)
}

fn timeout() -> Error {
    Error::new(ErrorKind::Timeout, "Nothing happened within the time allowed.")
        .advise("Nothing is lost: the call may be repeated, or given more time.")
}

/// The state behind our locks is valid between any two statements, so a panic does not spoil it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::sys::Bell;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(30);

    /// A step that waits for news only, for ever or until the deadline.
    fn waiting<T>(news: Option<News>, deadline: Option<Instant>) -> Result<Step<T>> {
        let watch = match news {
            Some(news) => Watch::news(news),
            None => Watch {
                socket: sys::NO_SOCKET,
                readable: false,
                writable: false,
                until: None,
                news: None,
            },
        };
        Ok(Step::Wait { watch, deadline })
    }

    #[test]
    fn a_deadline_gives_the_step_one_last_chance() {
        let mut steps = 0;
        let deadline = Some(Instant::now() + Duration::from_millis(20));
        let result = block_on(&[], || -> Result<Step<()>> {
            steps += 1;
            waiting(None, deadline)
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(steps, 2);
        assert!(deadline.is_some_and(|deadline| deadline <= Instant::now()));

        let mut steps = 0;
        let result = block_on(&[], || {
            steps += 1;
            if steps == 2 { Ok(Step::Done(7)) } else { waiting(None, Some(Instant::now())) }
        });
        assert_eq!(result.unwrap(), 7);
    }

    #[test]
    fn a_deadline_that_no_longer_holds_does_not_end_a_later_wait() {
        let (cancel, wakeup) = (Cancel::new(), Arc::new(Wakeup::new()));
        let in_ms = |ms| Some(Instant::now() + Duration::from_millis(ms));
        let mut steps = 0;
        let news = News::since_now(&wakeup);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(5));
                wakeup.wake();
            });
            let mut news = Some(news);
            let result = block_on(&[&cancel], || {
                steps += 1;
                if steps == 2 { Ok(Step::Done(())) } else { waiting(news.take(), in_ms(60)) }
            });
            result.unwrap();
        });
        let (begun, deadline) = (Instant::now(), in_ms(150));
        let mut steps = 0;
        let result = block_on(&[&cancel], || -> Result<Step<()>> {
            steps += 1;
            waiting(None, deadline)
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout);
        assert!(begun.elapsed() >= Duration::from_millis(150));
        assert!(steps <= 3, "{steps}");
    }

    #[test]
    fn r55_progress_in_the_last_step_moves_the_deadline() {
        let mut steps = 0;
        let result = block_on(&[], || {
            steps += 1;
            if steps == 5 {
                return Ok(Step::Done(()));
            }
            waiting(None, Some(Instant::now() + Duration::from_millis(5)))
        });
        result.unwrap();
    }

    #[test]
    fn r63_a_socket_that_is_always_ready_does_not_outrun_the_deadline() {
        let bell = Bell::new().unwrap();
        bell.ring();
        let cancel = Cancel::new();
        // Without and with a bell that rings at the deadline.
        for cancels in [&[][..], &[&cancel]] {
            let deadline = Some(Instant::now() + Duration::from_millis(20));
            let result = block_on(cancels, || -> Result<Step<()>> {
                let socket = bell.id();
                let watch =
                    Watch { socket, readable: true, writable: false, until: None, news: None };
                Ok(Step::Wait { watch, deadline })
            });
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout);
            assert!(deadline.is_some_and(|deadline| deadline <= Instant::now()));
        }
    }

    #[test]
    fn a_cancelled_token_ends_a_call_before_its_first_step() {
        let cancel = Cancel::new();
        cancel.cancel();
        let result = block_on(&[&cancel], || -> Result<Step<()>> { panic!("no step is allowed") });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Aborted);
        cancel.reset();
        assert!(block_on(&[&cancel], || Ok(Step::Done(()))).is_ok());
    }

    #[test]
    fn cancelling_ends_a_wait_even_when_the_token_is_reset_at_once() {
        let cancel = Arc::new(Cancel::new());
        for _ in 0..200 {
            let (send, begun) = mpsc::channel();
            let waiter = {
                let cancel = Arc::clone(&cancel);
                std::thread::spawn(move || {
                    block_on(&[&cancel], || -> Result<Step<()>> {
                        let _ = send.send(());
                        waiting(None, Some(Instant::now() + LONG))
                    })
                })
            };
            begun.recv().unwrap();
            cancel.cancel();
            cancel.reset();
            assert_eq!(waiter.join().unwrap().unwrap_err().kind(), ErrorKind::Aborted);
        }
        assert_eq!(cancel.wakeup.waiters(), 0);
    }

    /// The first thread, which stays known to the wakeup while it lives, and those that come after it.
    #[test]
    fn every_waiting_thread_hears() {
        let wakeup = Arc::new(Wakeup::new());
        let (begun, said) = (Instant::now(), AtomicU64::new(0));
        let wait = |goal| {
            let result = block_on(&[], || {
                let news = News::since_now(&wakeup);
                if said.load(Ordering::SeqCst) == goal {
                    return Ok(Step::Done(()));
                }
                waiting(Some(news), Some(begun + LONG))
            });
            assert!(result.is_ok(), "somebody was not told");
        };
        let hear = |others: usize, first_waits: bool| {
            let goal = said.load(Ordering::SeqCst) + 1;
            let all = others + usize::from(first_waits);
            std::thread::scope(|scope| {
                (0..others).for_each(|_| drop(scope.spawn(|| wait(goal))));
                scope.spawn(|| {
                    while wakeup.waiters() < all && begun.elapsed() < LONG {
                        std::thread::yield_now();
                    }
                    said.store(goal, Ordering::SeqCst);
                    wakeup.wake();
                });
                if first_waits {
                    wait(goal);
                }
            });
            assert_eq!(wakeup.waiters(), 0);
        };
        std::thread::scope(|scope| {
            let first = || [(0, true), (2, true), (3, false), (1, true)].map(|(n, me)| hear(n, me));
            scope.spawn(first).join().unwrap();
        });
        hear(2, false);
        hear(1, true);
    }

    #[test]
    fn a_thread_that_ends_leaves_no_bell() {
        let wakeup = Arc::new(Wakeup::new());
        let wait = || {
            let deadline = Some(Instant::now());
            let result = block_on(&[], || -> Result<Step<()>> {
                waiting(Some(News::since_now(&wakeup)), deadline)
            });
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout);
            assert!(wakeup.knows_first());
        };
        std::thread::scope(|scope| scope.spawn(wait).join()).unwrap();
        assert!(!wakeup.knows_first());
    }

    #[test]
    fn news_is_never_missed() {
        const ROUNDS: u64 = 20_000;
        let wakeup = Arc::new(Wakeup::new());
        let (asked, answered) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let waiter = {
            let (wakeup, asked, answered) = (wakeup.clone(), asked.clone(), answered.clone());
            std::thread::spawn(move || {
                for goal in 1..=ROUNDS {
                    let deadline = Instant::now() + LONG;
                    let result = block_on(&[], || {
                        let news = News::since_now(&wakeup);
                        if asked.load(Ordering::SeqCst) >= goal {
                            return Ok(Step::Done(()));
                        }
                        waiting(Some(news), Some(deadline))
                    });
                    assert!(result.is_ok() && Instant::now() < deadline, "news was missed");
                    answered.store(goal, Ordering::SeqCst);
                }
            })
        };
        for round in 1..=ROUNDS {
            // At another moment of the waiter's way to sleep each time.
            (0..round % 500).for_each(|_| std::hint::spin_loop());
            asked.store(round, Ordering::SeqCst);
            wakeup.wake();
            while answered.load(Ordering::SeqCst) < round && !waiter.is_finished() {
                std::hint::spin_loop();
            }
        }
        waiter.join().unwrap();
        assert_eq!(wakeup.waiters(), 0);
    }

    #[test]
    fn one_token_ends_many_waits() {
        let cancel = Arc::new(Cancel::new());
        let waiters: Vec<_> = (0..20)
            .map(|_| {
                let cancel = Arc::clone(&cancel);
                std::thread::spawn(move || {
                    block_on(&[&Cancel::new(), &cancel], || -> Result<Step<()>> {
                        waiting(None, Some(Instant::now() + LONG))
                    })
                })
            })
            .collect();
        cancel.cancel();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap().unwrap_err().kind(), ErrorKind::Aborted);
        }
    }

    thread_local! {
        static CALLS: Cell<u32> = const { Cell::new(0) };
    }

    #[test]
    fn the_interrupt_check_is_asked_while_waiting() {
        set_interrupt(Some(|| {
            CALLS.set(CALLS.get() + 1);
            CALLS.get() == 3
        }));
        let begun = Instant::now();
        let result = block_on(&[], || -> Result<Step<()>> { waiting(None, None) });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Aborted);
        assert_eq!(CALLS.get(), 3);
        assert!(begun.elapsed() < LONG);
        set_interrupt(None);
        let result = block_on(&[], || -> Result<Step<()>> { waiting(None, Some(Instant::now())) });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(CALLS.get(), 3);
    }

    #[test]
    fn a_step_that_goes_on_at_once_can_be_ended() {
        set_interrupt(Some(|| true));
        let result = block_on(&[], || Ok(Step::<()>::Again));
        set_interrupt(None);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Aborted);
    }

    #[test]
    fn several_sockets_are_told_apart() {
        let bells = [Bell::new().unwrap(), Bell::new().unwrap(), Bell::new().unwrap()];
        let mut watches = bells.each_ref().map(|bell| Ready {
            socket: bell.id(),
            readable: true,
            writable: false,
            ready: true,
        });
        let soon = || Some(Instant::now() + Duration::from_millis(5));
        assert!(!wait_ready(&mut watches, soon(), &[]).unwrap());
        assert!(watches.iter().all(|watch| !watch.ready));
        bells[1].ring();
        assert!(wait_ready(&mut watches, None, &[&Cancel::new()]).unwrap());
        assert_eq!(watches.map(|watch| watch.ready), [false, true, false]);
    }
}
