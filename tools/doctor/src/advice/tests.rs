use super::*;

fn at_clone_with(errno: Errno, machine: Machine) -> Advice {
    advice(&Verdict::RefusedAtClone { errno }, &machine)
}

fn later_with(step: Step, errno: Errno, machine: Machine) -> Advice {
    advice(&Verdict::RefusedLater { step, errno }, &machine)
}

fn ubuntu() -> Machine {
    Machine { apparmor_restrict_unprivileged_userns: Some(1), max_user_namespaces: Some(60000), ..Machine::default() }
}

fn docker() -> Machine {
    Machine { container: Some("docker".into()), seccomp_filter: true, ..Machine::default() }
}

fn first_command(advice: &Advice) -> &str {
    &advice.cures[0].command
}

#[test]
fn a_ready_machine_needs_no_cure() {
    assert_eq!(advice(&Verdict::Ready, &Machine::default()).cures, []);
}

#[test]
fn max_user_namespaces_of_zero_is_raised_now_and_for_good() {
    let machine = Machine { max_user_namespaces: Some(0), ..Machine::default() };
    let advice = at_clone_with(Errno::ENOSPC, machine);
    assert_eq!(first_command(&advice), "sudo sysctl -w user.max_user_namespaces=15000");
    assert_eq!(
        advice.cures[1].command,
        "echo 'user.max_user_namespaces = 15000' | sudo tee /etc/sysctl.d/60-coracle.conf"
    );
    assert!(advice.cures.iter().all(|cure| cure.who == Who::Administrator));
}

#[test]
fn of_a_kind_that_nobody_may_make_the_limit_is_named() {
    let machine = Machine { max_user_namespaces: Some(60000), forbidden_kinds: vec!["net"], ..Machine::default() };
    let advice = at_clone_with(Errno::ENOSPC, machine);
    assert_eq!(first_command(&advice), "sudo sysctl -w user.max_net_namespaces=15000");
    assert!(advice.cause.contains("max_net_namespaces is 0"), "{advice}");
}

#[test]
fn where_an_administrator_is_needed_there_is_a_way_without_one() {
    let refused = at_clone_with(Errno::ENOSPC, Machine { max_user_namespaces: Some(0), ..Machine::default() });
    assert!(refused.to_string().contains("cargo wb check --vm"), "{refused}");
    let in_chroot = at_clone_with(Errno::EPERM, Machine { chroot: true, ..Machine::default() });
    assert!(!in_chroot.to_string().contains("administrator"), "{in_chroot}");
}

#[test]
fn a_limit_reached_elsewhere_is_not_blamed_on_this_machines_setting() {
    let machine = Machine { max_user_namespaces: Some(60000), ..Machine::default() };
    let advice = at_clone_with(Errno::ENOSPC, machine);
    assert!(advice.cause.contains("limit") && advice.cause.contains("60000"), "{advice}");
    assert!(!advice.to_string().contains("sysctl -w"));
}

#[test]
fn debians_switch_is_turned() {
    let machine = Machine { unprivileged_userns_clone: Some(0), ..Machine::default() };
    assert_eq!(
        first_command(&at_clone_with(Errno::EPERM, machine)),
        "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    );
}

#[test]
fn ubuntus_rule_is_known_by_the_delayed_refusal_whichever_step_shows_it() {
    for (step, errno) in [
        (Step::Setgroups, Errno::EACCES),
        (Step::UidMap, Errno::EPERM),
        (Step::Hostname, Errno::EPERM),
        (Step::Propagation, Errno::EACCES),
    ] {
        let advice = later_with(step, errno, ubuntu());
        assert_eq!(first_command(&advice), "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
        assert!(advice.cures[0].what.contains("attacked"), "it says what is loosened: {advice}");
    }
}

#[test]
fn ubuntus_rule_may_show_at_the_clone_too() {
    assert!(at_clone_with(Errno::EACCES, ubuntu()).cause.contains("AppArmor"));
}

#[test]
fn without_the_setting_apparmor_is_not_blamed() {
    let advice = later_with(Step::Hostname, Errno::EPERM, Machine::default());
    assert!(!advice.to_string().contains("AppArmor"), "{advice}");
    assert!(advice.cause.contains("Expected: sethostname succeeds"), "{advice}");
}

#[test]
fn a_docker_container_is_to_be_started_differently() {
    for refused in [at_clone_with(Errno::EPERM, docker()), later_with(Step::Proc, Errno::EPERM, docker())] {
        let command = first_command(&refused);
        for option in ["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"] {
            assert!(command.contains(&format!("--security-opt {option}")), "{command}");
        }
        assert!(refused.cause.contains("Docker"));
    }
}

#[test]
fn the_two_refusals_of_docker_have_two_causes() {
    assert!(at_clone_with(Errno::EPERM, docker()).cause.contains("seccomp"));
    assert!(later_with(Step::Proc, Errno::EPERM, docker()).cause.contains("covered"));
}

#[test]
fn podman_has_a_name_of_its_own_for_uncovering_proc() {
    let machine = Machine { container: Some("podman".into()), ..Machine::default() };
    let advice = later_with(Step::Proc, Errno::EPERM, machine);
    assert!(first_command(&advice).starts_with("podman run") && first_command(&advice).contains("unmask=ALL"));
}

#[test]
fn an_unknown_container_gets_its_name_and_no_made_up_option() {
    let machine = Machine { container: Some("lxc".into()), ..Machine::default() };
    let advice = at_clone_with(Errno::EPERM, machine);
    assert!(advice.cause.contains("lxc"));
    assert_eq!(advice.cures, []);
}

#[test]
fn a_covered_proc_outside_of_containers_is_shown() {
    let advice = later_with(Step::Proc, Errno::EPERM, ubuntu());
    assert!(advice.cause.contains("covered") && first_command(&advice).contains("findmnt"), "{advice}");
}

#[test]
fn a_chroot_is_named() {
    assert!(at_clone_with(Errno::EPERM, Machine { chroot: true, ..Machine::default() }).cause.contains("chroot"));
}

#[test]
fn a_filter_of_unknown_origin_is_named() {
    let machine = Machine { seccomp_filter: true, ..Machine::default() };
    assert!(at_clone_with(Errno::EPERM, machine).cause.contains("seccomp"));
}

#[test]
fn a_kernel_without_user_namespaces_is_named() {
    assert!(at_clone_with(Errno::EINVAL, Machine::default()).cause.contains("CONFIG_USER_NS"));
}

#[test]
fn what_is_not_known_is_said_to_be_unknown() {
    let advice = at_clone_with(Errno::EPERM, Machine::default());
    assert!(advice.cause.starts_with("not known. Expected: clone into new namespaces succeeds. Observed: EPERM"));
}

#[test]
fn nobody_is_ever_told_to_run_cargo_as_root() {
    let machines = [Machine::default(), ubuntu(), docker(), Machine { chroot: true, ..Machine::default() }];
    for machine in machines {
        for errno in [Errno::EPERM, Errno::ENOSPC, Errno::EINVAL, Errno::EACCES] {
            assert!(!at_clone_with(errno, machine.clone()).to_string().contains("sudo cargo"));
            assert!(!later_with(Step::Hostname, errno, machine.clone()).to_string().contains("sudo cargo"));
        }
    }
}
