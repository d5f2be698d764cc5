//! What containers use, as chapter 3 counts and shows it.

use anyhow::{Result, bail};
use ch01_namespaces::{Failure, report};
use ch03_cgroups::Counted;
use ch03_cgroups::cgroup::Cgroup;
use ch03_cgroups::stats::Stats;

use super::Local;
use crate::record::Record;

impl Local {
    /// The containers named, which must run; without names all that run and have cgroups.
    pub fn counted(&self, names: &[String]) -> Result<Vec<Counted<'_>>> {
        if !names.is_empty() {
            let of = |name: &String| {
                let record = self.records.find(name)?;
                if !record.state.is_active() {
                    bail!(Failure::new(1, format!("Container {} is not running", record.name)));
                }
                match self.cgroup(&record)? {
                    Some(cgroup) => Ok(self.counted_one(record, cgroup)),
                    None => bail!(Failure::new(
                        1,
                        format!(
                            "container {} has no cgroup of its own, and so nothing is counted\ncause: an ordinary user may \
                             make none here\ncure: systemd-run --user --scope -p Delegate=yes in front of run; see book, \
                             3.10 Limits without root",
                            record.name
                        )
                    )),
                }
            };
            return names.iter().map(of).collect();
        }
        let mut all = Vec::new();
        for record in self.records.all()?.into_iter().filter(|record| record.state.is_active()) {
            match self.cgroup(&record) {
                Ok(cgroup) => all.extend(cgroup.map(|cgroup| self.counted_one(record, cgroup))),
                // One that is damaged doesn't hide the others.
                Err(error) => drop(report(&error)),
            }
        }
        Ok(all)
    }

    fn cgroup(&self, record: &Record) -> Result<Option<Cgroup>> {
        Cgroup::read(&self.flags.state_root().join(&record.id))
    }

    fn counted_one(&self, record: Record, cgroup: Cgroup) -> Counted<'_> {
        let Record { id, name, .. } = record;
        let asked = id.clone();
        let read = move || {
            let runs = self.records.find(&asked).is_ok_and(|record| record.state.is_active());
            Ok(runs.then(|| Stats::read(&cgroup)))
        };
        Counted { id, name: Some(name), read: Box::new(read) }
    }
}
