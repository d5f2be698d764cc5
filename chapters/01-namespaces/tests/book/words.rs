//! What the book says of other parts: the appendix "Your machine" has doctor's cures.

use std::fs;

use anyhow::{Result, ensure};
use doctor::{Machine, Step, Verdict, advice};
use nix::errno::Errno;

use crate::BOOK;

fn machines() -> Vec<Machine> {
    let machine = Machine::default;
    vec![
        machine(),
        Machine { max_user_namespaces: Some(0), ..machine() },
        Machine { unprivileged_userns_clone: Some(0), ..machine() },
        Machine { apparmor_restrict_unprivileged_userns: Some(1), ..machine() },
        Machine { container: Some("docker".into()), ..machine() },
        Machine { container: Some("podman".into()), ..machine() },
        Machine { seccomp_filter: true, ..machine() },
        Machine { chroot: true, ..machine() },
    ]
}

fn verdicts() -> Vec<Verdict> {
    let at_clone = [Errno::EPERM, Errno::ENOSPC, Errno::EINVAL].map(|errno| Verdict::RefusedAtClone { errno });
    let later = [Step::Setgroups, Step::UidMap, Step::Propagation, Step::Proc]
        .map(|step| Verdict::RefusedLater { step, errno: Errno::EPERM });
    [at_clone.to_vec(), later.to_vec()].concat()
}

pub fn every_cure_that_doctor_knows_is_in_the_appendix() -> Result<()> {
    let page = fs::read_to_string(BOOK.checkout().join("book/src/machine.md"))?.replace("\\|", "|");
    let cures = machines()
        .into_iter()
        .flat_map(|machine| verdicts().into_iter().map(move |verdict| advice(&verdict, &machine)))
        .flat_map(|advice| advice.cures)
        .map(|cure| cure.command);
    let mut cures: Vec<_> = cures.collect();
    cures.sort();
    cures.dedup();
    ensure!(cures.len() > 5, "doctor knows hardly any cure: {cures:?}");
    // The file that keeps a setting is shown once, for all three.
    let lost: Vec<_> = cures
        .iter()
        .filter(|cure| {
            let setting =
                cure.strip_prefix("echo '").and_then(|rest| rest.split_once('\'')).map(|(setting, _)| setting);
            !page.contains(setting.unwrap_or(cure))
        })
        .collect();
    ensure!(lost.is_empty(), "book/src/machine.md lacks {lost:#?}");
    Ok(())
}
