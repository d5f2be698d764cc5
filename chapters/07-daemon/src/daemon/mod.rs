//! The daemon: from the socket to a task for each connection.

pub mod changes;
mod execs;
mod exits;
mod listen;
mod pending;
mod readable;
mod turns;

pub use changes::{Change, Changes, Kind, Source};
pub use execs::{Execs, Note};
pub use exits::Exits;
pub use pending::{Attachment, Pending};
pub use readable::Readable;
pub use turns::{Turn, Turns};

use std::convert::Infallible;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ch01_namespaces::StoreFlags;
use ch05_network::network::Networks;
use ch05_network::rootless::{Holder, owns_network_namespace};
use ch06_containers::engine::Local;
use ch06_containers::record::Records;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::fcntl::{FcntlArg, fcntl};
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::api::body::while_client_is_there;
use crate::api::images::Images;
use crate::api::router::{self, MoreRoutes};
use crate::api::system::blocking;
use crate::cli::DaemonVerb;

/// What every request needs.
pub struct Shared {
    /// What can be done.
    pub engine: Local,
    /// What changed on disk, whoever did it.
    pub changes: Changes,
    /// Clients that attached before the container was started.
    pub pending: Pending,
    /// How containers ended that were started here.
    pub exits: Exits,
    /// Commands in containers.
    pub execs: Execs,
    /// Who may wait for a container's shim.
    pub turns: Turns,
    /// What an image is.
    pub images: Arc<dyn Images>,
    /// What a later chapter answers.
    pub more: Vec<Box<dyn MoreRoutes>>,
}

/// Shared by all tasks.
pub type Daemon = Arc<Shared>;

/// How long a client may take for the head of a request, which is sent at once on one machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of each thread: as much as a process's first one has.
const STACK: usize = 8 << 20;

/// Serves until it is told to end. Containers go on.
pub fn run(
    flags: &StoreFlags,
    verb: &DaemonVerb,
    images: Arc<dyn Images>,
    more: Vec<Box<dyn MoreRoutes>>,
) -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let _only_one = only_one(flags)?;
    let (listeners, made) = listen::listen(flags, verb)?;
    enter_users_namespace(flags)?;
    let engine = Local::open(flags)?;
    // A new store's driver is chosen by trying, in a process that is forked: before there are threads.
    engine.layers()?;
    engine.remove_abandoned()?;
    start_what_is_due(&engine);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        // What goes down a deep directory of a container's calls itself. (Memory that is never touched
        // costs nothing.)
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let served = runtime.block_on(async {
        let sources = more.iter().flat_map(|routes| routes.sources(&engine)).collect();
        let changes = Changes::watch(&engine, sources)?;
        let told = changes.clone();
        let engine = engine.with_listener(move |record, signal| {
            told.tell(changes::about(record, "kill").with("signal", signal));
        });
        let execs = Execs::open(engine.records())?;
        let (pending, exits) = (Pending::default(), Exits::default());
        let turns = Turns::default();
        let daemon: Daemon = Arc::new(Shared { engine, changes, pending, exits, execs, turns, images, more });
        serve(daemon, listeners).await
    });
    // Connections that still talk are cut: their containers' streams are not ours.
    runtime.shutdown_timeout(Duration::from_millis(200));
    listen::clean_up(&made, verb);
    served
}

/// An ordinary user's daemon is root of the user's own namespace: there files can be given to other
/// ids, which takes a process of its own otherwise, and a daemon with threads can't fork.
pub fn enter_users_namespace(flags: &StoreFlags) -> Result<()> {
    if owns_network_namespace() || ch01_namespaces::Privilege::current().is_machine_root() {
        return Ok(());
    }
    flags.data_root();
    let networks = Networks::open(flags)?;
    match Holder::find_or_start(flags, &networks).and_then(|holder| holder.enter_user_namespace()) {
        Ok(()) => Ok(()),
        Err(error) => {
            ch01_namespaces::report(
                &error.context("the daemon goes on without a user namespace: images can't be made"),
            );
            Ok(())
        }
    }
}

/// A second daemon on the same data would not hear of the first one's requests.
///
/// A lock of fcntl(2)'s is this process's alone. One of flock(2)'s would be inherited by what we
/// fork on the way up, and outlive us there when we are killed.
fn only_one(flags: &StoreFlags) -> Result<std::fs::File> {
    let records = Records::open(flags)?;
    let path = records.as_ref().join("daemon.lock");
    let file = std::fs::File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    let whole = nix::libc::flock {
        l_type: nix::libc::F_WRLCK as i16,
        l_whence: nix::libc::SEEK_SET as i16,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_SETLK(&whole)).ok().with_context(|| {
        format!(
            "another daemon serves {}\ncure: use that one; or give this one a --root of its own",
            flags.data_root().display()
        )
    })?;
    Ok(file)
}

/// After a boot, or a crash of shims: what has to run and doesn't.
fn start_what_is_due(engine: &Local) {
    for id in engine.due_after_a_reboot().unwrap_or_default() {
        if let Err(error) = engine.start(&id) {
            ch01_namespaces::report(&error.context(format!("cannot start container {}", &id[..12])));
        }
    }
}

async fn serve(daemon: Daemon, listeners: Vec<std::os::unix::net::UnixListener>) -> Result<()> {
    // Before it answers: who has an answer may tell it to end.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut tasks = tokio::task::JoinSet::new();
    tokio::spawn(let_go(Arc::clone(&daemon)));
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = UnixListener::from_std(listener).context("cannot listen")?;
        tasks.spawn(accept(Arc::clone(&daemon), listener));
    }
    info!("API listens");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = tasks.join_next() => {}
    }
    info!("ends; containers go on");
    Ok(())
}

/// Clients that attached to a container that is removed before its start, by this daemon or another
/// process.
async fn let_go(daemon: Daemon) {
    let mut changes = daemon.changes.count.clone();
    while changes.changed().await.is_ok() {
        for id in daemon.pending.waited_for() {
            let (engine, container) = (daemon.engine.clone(), id.clone());
            if blocking(move || engine.records().read(&container)).await.is_ok_and(|record| record.is_none()) {
                drop(daemon.pending.take(&id));
            }
        }
    }
}

// ANCHOR: accept
/// Starts a task for each connection. A task needs a few kilobytes, and no thread while it waits.
async fn accept(daemon: Daemon, listener: UnixListener) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // There are no free descriptors. Wait until a connection ends.
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let daemon = Arc::clone(&daemon);
        let Ok(client) = stream.as_fd().try_clone_to_owned() else { continue };
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (daemon, client) = (Arc::clone(&daemon), client.try_clone());
                async move {
                    let response = router::answer(daemon, request).await?;
                    Ok::<_, Infallible>(match client {
                        Ok(client) => response.map(|body| while_client_is_there(body, client)),
                        Err(_) => response,
                    })
                }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .half_close(true)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            if let Err(error) = connection.await {
                // The client has closed the connection, or didn't send HTTP.
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
}
// ANCHOR_END: accept
