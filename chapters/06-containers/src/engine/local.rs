//! The engine in this process: what [`Engine`] promises, by what the other files of this directory
//! do with records and shims.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain::note;
use ch01_namespaces::link::Link;
use ch01_namespaces::{ExplainFlag, Failure, StoreFlags};
use ch04_unionfs::LayerStore;
use ch04_unionfs::changes::Change;
use serde_json::Value;

use super::{Created, Ending, Engine, ListRequest, LogRequest, LogSink, NewContainer, Processes, Running, Summary};
use crate::detach_keys::DetachKeys;
use crate::record::{Record, Records};
use crate::shim::{Attach, ExecRequest, Handle, Request};
use crate::steps;
use crate::volumes::Volumes;

/// The engine, in this process.
#[derive(Clone, Debug)]
pub struct Local {
    pub(super) flags: StoreFlags,
    pub(super) records: Records,
    pub(super) volumes: Volumes,
    pub(super) listener: SignalListener,
}

type Listener = dyn Fn(&Record, i32) + Send + Sync;

/// Hears of the signals that an engine has sent: nothing on disk tells of them.
#[derive(Clone, Default)]
pub struct SignalListener(Option<Arc<Listener>>);

impl SignalListener {
    pub(super) fn hears(&self, record: &Record, signal: i32) {
        if let Some(listener) = &self.0 {
            listener(record, signal);
        }
    }
}

impl std::fmt::Debug for SignalListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignalListener")
    }
}

impl Local {
    /// Opens it.
    pub fn open(flags: &StoreFlags) -> Result<Local> {
        let (records, volumes) = (Records::open(flags)?, Volumes::open(flags)?);
        Ok(Local { flags: flags.clone(), records, volumes, listener: SignalListener::default() })
    }

    /// With a listener for the signals that it sends.
    pub fn with_listener(self, listener: impl Fn(&Record, i32) + Send + Sync + 'static) -> Local {
        Local { listener: SignalListener(Some(Arc::new(listener))), ..self }
    }

    /// Where everything is kept.
    pub fn flags(&self) -> &StoreFlags {
        &self.flags
    }

    /// The records.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// The volumes.
    pub fn volumes(&self) -> &Volumes {
        &self.volumes
    }

    /// The layers.
    pub fn layers(&self) -> Result<LayerStore> {
        LayerStore::open(&self.flags, None)
    }

    /// What comes over a link, and otherwise what is on disk.
    fn ending(&self, link: Option<Link>, id: String) -> Ending<'_> {
        Box::new(move || self.waited(link.as_ref(), &id))
    }

    /// Attaches a new stream to a container.
    fn attached(&self, record: &Record, stdin: bool) -> Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair().context("cannot make a pair of sockets")?;
        note(&steps::ATTACH, "sendmsg", || vec!["ATTACH".into(), "SCM_RIGHTS".into()]);
        Local::attach(self, record, theirs.into(), Attach::output_and(stdin))?;
        Ok(ours)
    }
}

impl Engine for Local {
    fn narrate(&self, flag: &ExplainFlag) -> Result<()> {
        flag.begin();
        Ok(())
    }

    fn create(&self, new: NewContainer) -> Result<Created> {
        Local::create(self, new)
    }

    fn start(&self, name: &str) -> Result<()> {
        Local::start(self, name)
    }

    fn start_attached(&self, name: &str, stdin: bool, _: &DetachKeys) -> Result<Running<'_>> {
        let record = self.records.find(name)?;
        let gate = self.prepare_start(&record.id)?;
        let stream = self.attached(&record, stdin)?.into();
        // Asked before it runs: a container that ends at once and is removed could no longer tell.
        let link = self.wait_for_end(&record)?;
        gate.map_or(Ok(()), Handle::open_gate)?;
        Ok(Running { id: record.id.clone(), stream, ending: self.ending(Some(link), record.id) })
    }

    fn attach(&self, name: &str, stdin: bool, _: &DetachKeys) -> Result<Running<'_>> {
        let record = self.records.find(name)?;
        if !record.state.is_active() {
            bail!(Failure::new(1, "You cannot attach to a stopped container, start it first"));
        }
        let link = Local::wait(self, &record)?;
        let stream = self.attached(&record, stdin)?.into();
        Ok(Running { id: record.id.clone(), stream, ending: self.ending(link, record.id) })
    }

    fn wait(&self, name: &str) -> Result<Ending<'_>> {
        let record = self.records.find(name)?;
        let link = Local::wait(self, &record)?;
        Ok(self.ending(link, record.id))
    }

    fn stop(&self, name: &str, seconds: Option<i64>, signal: Option<&str>) -> Result<()> {
        Local::stop(self, name, seconds, signal)
    }

    fn restart(&self, name: &str, seconds: Option<i64>) -> Result<()> {
        Local::stop(self, name, seconds, None)?;
        Local::start(self, name)
    }

    fn kill(&self, name: &str, signal: i32) -> Result<()> {
        Local::signal(self, name, signal)
    }

    fn pause(&self, name: &str, is_pause: bool) -> Result<()> {
        Local::pause(self, name, is_pause)
    }

    fn rename(&self, name: &str, new: &str) -> Result<()> {
        Local::rename(self, name, new)
    }

    fn remove(&self, name: &str, force: bool, with_volumes: bool) -> Result<()> {
        Local::remove(self, name, force, with_volumes)
    }

    fn prune(&self) -> Result<Vec<String>> {
        Local::prune(self)
    }

    fn due_after_a_reboot(&self) -> Result<Vec<String>> {
        Local::due_after_a_reboot(self)
    }

    fn exec(&self, name: &str, request: ExecRequest, _: &DetachKeys) -> Result<Running<'_>> {
        let record = self.records.find(name)?;
        let (ours, theirs) = UnixStream::pair().context("cannot make a pair of sockets")?;
        let id = Local::exec(self, &record, request, Some(theirs.into()))?;
        let exec = id.clone();
        Ok(Running { id, stream: ours.into(), ending: Box::new(move || self.exec_wait(&record, &exec)) })
    }

    fn exec_detached(&self, name: &str, request: ExecRequest) -> Result<()> {
        Local::exec(self, &self.records.find(name)?, request, None).map(drop)
    }

    fn resize(&self, name: &str, exec: Option<&str>, columns: u16, rows: u16) -> Result<()> {
        let request = Request::Resize { exec: exec.map(String::from), columns, rows };
        self.ask(&self.records.find(name)?, &request, Vec::new()).map(drop)
    }

    fn list(&self, request: &ListRequest) -> Result<Vec<Summary>> {
        Local::list(self, request)
    }

    fn inspect(&self, name: &str) -> Result<Value> {
        Ok(super::inspect(self, &self.records.find(name)?))
    }

    fn logs(&self, name: &str, request: &LogRequest, out: &mut dyn LogSink) -> Result<()> {
        self.write_log(&self.records.find(name)?, request, out)
    }

    fn top(&self, name: &str, ps_options: &[String]) -> Result<Processes> {
        Local::top(self, &self.records.find(name)?, ps_options)
    }

    fn changes(&self, name: &str) -> Result<Vec<Change>> {
        Local::changes(self, &self.records.find(name)?)
    }

    fn export(&self, name: &str, out: &mut dyn Write) -> Result<()> {
        Local::export(self, &self.records.find(name)?, out)
    }

    fn list_volumes(&self) -> Result<Vec<Value>> {
        self.volumes.all()?.iter().map(|volume| self.inspect_volume(&volume.name)).collect()
    }

    fn inspect_volume(&self, name: &str) -> Result<Value> {
        Local::inspect_volume(self, name)
    }

    fn create_volume(&self, name: Option<&str>, labels: BTreeMap<String, String>) -> Result<String> {
        Ok(self.volumes.create(name, labels)?.name)
    }

    fn remove_volume(&self, name: &str) -> Result<()> {
        Local::remove_volume(self, name)
    }

    fn prune_volumes(&self, all: bool) -> Result<Vec<String>> {
        Local::prune_volumes(self, all)
    }
}
