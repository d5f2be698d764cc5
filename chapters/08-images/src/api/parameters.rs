//! What may stand behind the question mark of this chapter's routes: see chapter 7's.

use ch07_daemon::api::parameters::Known;

/// The routes, and what they honour.
pub const KNOWN: &[Known] = &[
    // Manifests are left out of the answer, as the API allows: a tree has a row for each image.
    ("GET", "images/json", &["all", "filters", "manifests"]),
    ("POST", "images/create", &["fromImage", "fromSrc", "repo", "tag", "platform", "message", "changes"]),
    ("POST", "images/load", &["quiet"]),
    ("POST", "images/prune", &["filters"]),
    ("GET", "images/get", &["names"]),
    ("GET", "images/**/get", &[]),
    ("GET", "images/**/json", &["platform", "manifests"]),
    ("GET", "images/**/history", &[]),
    ("POST", "images/**/tag", &["repo", "tag"]),
    ("DELETE", "images/**", &["force"]),
    ("POST", "commit", &["container", "repo", "tag", "comment", "author", "changes", "pause"]),
    // All steps that no image stands on go, with `all` and without.
    ("POST", "build/prune", &["filters", "all"]),
    ("POST", "build", BUILD),
];

/// Of a build. Containers of steps are always removed (`rm`, `forcerm`).
const BUILD: &[&str] = &[
    "buildargs",
    "buildid",
    "cachefrom",
    "cgroupparent",
    "cpuperiod",
    "cpuquota",
    "cpusetcpus",
    "cpusetmems",
    "cpushares",
    "dockerfile",
    "extrahosts",
    "forcerm",
    "labels",
    "memory",
    "memswap",
    "networkmode",
    "nocache",
    "platform",
    "pull",
    "q",
    "remote",
    "rm",
    "shmsize",
    "t",
    "target",
    "ulimits",
    "version",
];
