//! What it can do.

use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::Uid;

use super::calls::number_of;
use super::sys::{address, call};
use super::{Outcome, number};

pub fn act(operation: &str, arguments: &[String]) -> Outcome {
    let first = arguments.first().map(String::as_str).unwrap_or_default();
    match operation {
        "call" => any_call(arguments),
        "fds" => open_descriptors(),
        "write" => write(first),
        "overwrite" => overwrite(first),
        "swap" => swap(first, &arguments[1]),
        "nest" => nest(number(first)),
        "churn" => churn(),
        "type" => type_on(first),
        "clone" => new_namespace_by_clone(number(first)),
        "int80" => as_32_bit(),
        "chown" => file("/tmp/owned").and_then(|()| done(chown("/tmp/owned", Some(1), None))),
        "read" => done(File::open(first)),
        "port-80" => done(std::net::TcpListener::bind("0.0.0.0:80")),
        "kill-another" => kill_another(number(first)),
        "lo-down" => loopback_down(),
        "immutable" => immutable(),
        "shared-memory" => shared_memory(),
        "lease" => lease(),
        "mlock" => mlock(),
        "map-files" => map_files(),
        "device" => device(),
        other => panic!("the probe knows no {other}"),
    }
}

/// Directories in one another, deeper than any path is long.
fn nest(levels: i64) -> Outcome {
    for _ in 0..levels {
        if let Err(error) = fs::create_dir("d").and_then(|()| std::env::set_current_dir("d")) {
            return done::<()>(Err(error));
        }
    }
    Ok("done".into())
}

/// Names that are a file, a link, a directory, a fifo, or nothing, one after the other.
fn churn() -> Outcome {
    fs::create_dir("/busy").and_then(|()| std::env::set_current_dir("/busy")).expect("a directory");
    println!("churning");
    for turn in 0usize.. {
        let name = format!("f{}", turn % 300);
        let _ = fs::remove_file(&name).or_else(|_| fs::remove_dir(&name));
        let _ = match turn * 7 / 3 % 5 {
            0 => fs::write(&name, "text"),
            1 => std::os::unix::fs::symlink("x", &name),
            2 => fs::create_dir(&name),
            3 => nix::unistd::mkfifo(name.as_str(), nix::sys::stat::Mode::S_IRUSR).map_err(Into::into),
            _ => Ok(()),
        };
    }
    Ok("done".into())
}

fn done<T>(result: std::io::Result<T>) -> Outcome {
    match result {
        Ok(_) => Ok("done".into()),
        Err(error) => Err(Errno::from_raw(error.raw_os_error().unwrap_or_default())),
    }
}

fn nix_done<T>(result: Result<T, Errno>) -> Outcome {
    result.map(|_| "done".into())
}

fn file(path: &str) -> Result<(), Errno> {
    fs::write(path, "text").map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or_default()))
}

/// `call NAME ARGUMENT…`: an argument that is not a number becomes its address.
fn any_call(arguments: &[String]) -> Outcome {
    let texts: Vec<CString> =
        arguments.iter().map(|text| CString::new(text.as_bytes()).expect("no zero in it")).collect();
    let mut numbers = [0; 6];
    for (place, text) in arguments.iter().skip(1).enumerate() {
        let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        numbers[place] = if is_number { number(text) } else { address(texts[place + 1].to_bytes_with_nul()) };
    }
    nix_done(call(number_of(&arguments[0]), numbers))
}

/// All descriptors that this program was born with.
fn open_descriptors() -> Outcome {
    let open = (0..1024).filter(|number| fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok());
    Ok(open.map(|number| number.to_string()).collect::<Vec<_>>().join(" "))
}

/// Opens a file to write to it. Nothing is written.
fn write(path: &str) -> Outcome {
    done(fs::OpenOptions::new().write(true).open(path))
}

/// CVE-2019-5736: keeps a descriptor of a program that runs, and writes to it as soon as nobody
/// runs it any more; gives up when the kernel says that it never will.
fn overwrite(program: &str) -> Outcome {
    let kept = fs::OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(program);
    let Ok(kept) = kept else { return done(kept) };
    let again = format!("/proc/self/fd/{}", kept.as_raw_fd());
    let end = Instant::now() + Duration::from_millis(300);
    loop {
        match fs::OpenOptions::new().write(true).open(&again) {
            Ok(mut program) => return done(std::io::Write::write_all(&mut program, b"evil")),
            // It runs.
            Err(error) if error.raw_os_error() == Some(libc::ETXTBSY) && Instant::now() < end => {
                sleep(Duration::from_millis(1));
            }
            Err(error) => return done(Err::<(), _>(error)),
        }
    }
}

/// CVE-2021-30465: exchanges a directory and a link to `/`, until a file says that it is enough.
fn swap(directory: &str, until: &str) -> Outcome {
    let (real, link) = (format!("{directory}/real"), format!("{directory}/link"));
    fs::create_dir_all(format!("{real}/inner")).expect("a directory");
    std::os::unix::fs::symlink("/", &link).expect("a link");
    println!("swapping");
    while !fs::exists(until).unwrap_or(true) {
        exchange(&real, &link)?;
    }
    Ok("done".into())
}

/// renameat2(2) with RENAME_EXCHANGE.
fn exchange(a: &str, b: &str) -> Result<(), Errno> {
    let (a, b) = (CString::new(a).expect("no zero"), CString::new(b).expect("no zero"));
    let (a, b) = (address(a.as_bytes_with_nul()), address(b.as_bytes_with_nul()));
    let here = i64::from(libc::AT_FDCWD);
    call(libc::SYS_renameat2, [here, a, here, b, 2, 0]).map(drop)
}

/// TIOCSTI: types on a terminal.
fn type_on(terminal: &str) -> Outcome {
    let terminal = match fs::OpenOptions::new().read(true).write(true).open(terminal) {
        Ok(terminal) => terminal,
        Err(error) => return done(Err::<(), _>(error)),
    };
    for letter in b"echo typed\n" {
        call(libc::SYS_ioctl, [terminal.as_raw_fd().into(), libc::TIOCSTI as i64, address(letter), 0, 0, 0])?;
    }
    Ok("done".into())
}

/// clone(2) with the flags of a namespace; the child ends at once.
fn new_namespace_by_clone(flags: i64) -> Outcome {
    let child = call(libc::SYS_clone, [flags | i64::from(libc::SIGCHLD), 0, 0, 0, 0, 0])?;
    if child == 0 {
        let _ = call(libc::SYS_exit_group, [0; 6]);
    }
    nix_done(nix::sys::wait::wait())
}

fn as_32_bit() -> Outcome {
    #[cfg(target_arch = "x86_64")]
    return Ok(super::sys::getpid_as_32_bit_programs_do().to_string());
    #[cfg(not(target_arch = "x86_64"))]
    return Err(Errno::ENOSYS);
}

/// Sends nothing to a process of somebody else's.
fn kill_another(uid: i64) -> Outcome {
    let other = call(libc::SYS_clone, [i64::from(libc::SIGCHLD), 0, 0, 0, 0, 0])?;
    if other == 0 {
        let (id, never) = (uid, 60);
        let _ = call(libc::SYS_setresuid, [id, id, id, 0, 0, 0]);
        sleep(Duration::from_secs(never));
        let _ = call(libc::SYS_exit_group, [0; 6]);
    }
    let stays = || {
        fs::read_to_string(format!("/proc/{other}/status"))
            .is_ok_and(|status| !status.contains(&format!("Uid:\t{uid}")))
    };
    while stays() {
        sleep(Duration::from_millis(2));
    }
    nix_done(call(libc::SYS_kill, [other, 0, 0, 0, 0, 0]))
}

/// SIOCSIFFLAGS.
fn loopback_down() -> Outcome {
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::empty(), None)?;
    let mut request = [0u8; 40];
    request[..2].copy_from_slice(b"lo");
    nix_done(call(libc::SYS_ioctl, [socket.as_raw_fd().into(), libc::SIOCSIFFLAGS as i64, address(&request), 0, 0, 0]))
}

/// FS_IOC_SETFLAGS with FS_IMMUTABLE_FL, and back.
fn immutable() -> Outcome {
    const FS_IOC_SETFLAGS: i64 = 0x4008_6602;
    file("/dev/shm/still")?;
    let still = File::open("/dev/shm/still").map_err(|_| Errno::EIO)?;
    let set = |flags: i64| call(libc::SYS_ioctl, [still.as_raw_fd().into(), FS_IOC_SETFLAGS, address(&flags), 0, 0, 0]);
    set(0x10)?;
    nix_done(set(0))
}

/// A segment whose mode lets nobody in.
fn shared_memory() -> Outcome {
    let id = call(libc::SYS_shmget, [libc::IPC_PRIVATE.into(), 4096, 0o1000, 0, 0, 0])?;
    nix_done(call(libc::SYS_shmat, [id, 0, 0, 0, 0, 0]))
}

/// A lease on a file that is somebody else's.
fn lease() -> Outcome {
    file("/tmp/leased")?;
    chown("/tmp/leased", Some(1), None).map_err(|_| Errno::EIO)?;
    let leased = File::open("/tmp/leased").map_err(|_| Errno::EIO)?;
    nix_done(call(libc::SYS_fcntl, [leased.as_raw_fd().into(), libc::F_SETLEASE.into(), libc::F_RDLCK.into(), 0, 0, 0]))
}

/// Memory that stays in memory, beyond the limit (which is 0).
fn mlock() -> Outcome {
    let page = [0u8; 8192];
    nix_done(call(libc::SYS_mlock, [address(&page), 4096, 0, 0, 0, 0]))
}

/// A link of /proc/self/map_files, followed.
fn map_files() -> Outcome {
    let first = fs::read_dir("/proc/self/map_files").ok().and_then(|mut entries| entries.next()?.ok());
    match first {
        Some(entry) => done(File::open(entry.path())),
        None => Err(Errno::ENOENT),
    }
}

/// A node of the null device.
fn device() -> Outcome {
    assert!(Uid::effective().is_root());
    let path = CString::new("/tmp/null").expect("no zero");
    let null = libc::makedev(1, 3) as i64;
    let mode = i64::from(libc::S_IFCHR | 0o600);
    nix_done(call(libc::SYS_mknodat, [libc::AT_FDCWD.into(), address(path.as_bytes_with_nul()), mode, null, 0, 0]))
}
