use super::*;

const V1_WITH_STRAY_V2: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";
const LINES: &str = "4:memory:/user/a\n1:cpu,cpuacct:/\n7:freezer:/\n0::/x\n";

fn machine(cgroup: &str, mountinfo: &str, v2: &str) -> Machine {
    Machine::read(cgroup, mountinfo, |_, _| true, |_| v2.into())
}

#[test]
fn a_stray_controller_on_v2_does_not_make_a_v2_machine() {
    let machine = machine(LINES, V1_WITH_STRAY_V2, "hugetlb");
    let memory = machine.hierarchy_of(Controller::Memory).unwrap();
    assert_eq!((memory.version, memory.own.to_str().unwrap()), (Version::V1, "/sys/fs/cgroup/memory/user/a"));
    assert_eq!(machine.hierarchy_of(Controller::Cpuacct).unwrap().mount_point, Path::new("/sys/fs/cgroup/cpu,cpuacct"));
    assert_eq!(machine.hierarchy_of(Controller::Pids), None);
    assert!(machine.kind().starts_with("v1, with a v2 tree"));
}

#[test]
fn in_hybrid_each_controller_is_where_it_is() {
    let machine = machine(LINES, V1_WITH_STRAY_V2, "pids io");
    assert_eq!(machine.hierarchy_of(Controller::Memory).unwrap().version, Version::V1);
    let pids = machine.hierarchy_of(Controller::Pids).unwrap();
    assert_eq!((pids.version, pids.own.to_str().unwrap()), (Version::V2, "/sys/fs/cgroup/unified/x"));
    assert_eq!(machine.hierarchy_of(Controller::Blkio).unwrap().version, Version::V2);
    // The v1 freezer is not mounted: v2 has one built in.
    assert_eq!(machine.hierarchy_of(Controller::Freezer).unwrap().version, Version::V2);
    assert_eq!(machine.kind(), "hybrid");
}

#[test]
fn on_v2_there_is_one_tree_for_all() {
    let v2 = "26 23 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
    let machine = machine("0::/\n", v2, "cpuset cpu io memory pids");
    for controller in Controller::ALL {
        assert_eq!(machine.hierarchy_of(controller).unwrap().own, Path::new("/sys/fs/cgroup"), "{controller}");
    }
    assert_eq!(machine.kind(), "v2");
}

#[test]
fn without_a_mount_there_is_nothing() {
    assert_eq!(machine(LINES, "23 1 0:20 / / rw - ext4 /dev/vda rw\n", "").hierarchies, []);
}

#[test]
fn a_mount_of_our_own_part_is_taken_and_one_of_another_is_not() {
    let part = "26 23 0:25 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    assert_eq!(machine("0::/docker/x/y\n", part, "").hierarchies[0].own, Path::new("/sys/fs/cgroup/y"));
    assert_eq!(machine("0::/docker/z\n", part, "").hierarchies, []);
    let outside = "26 23 0:25 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    assert_eq!(machine("0::/\n", outside, "").hierarchies, []);
}

#[test]
fn a_mount_that_is_hidden_is_passed_over() {
    let twice =
        "26 23 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n27 23 0:25 / /mnt/a\\040b rw - cgroup2 cgroup2 rw\n";
    let found = Machine::read("0::/\n", twice, |directory, _| directory.starts_with("/sys"), |_| String::new());
    assert_eq!(found.hierarchies[0].mount_point, Path::new("/sys/fs/cgroup"));
    assert_eq!(machine("0::/\n", twice, "").hierarchies[0].mount_point, Path::new("/mnt/a b"));
}
