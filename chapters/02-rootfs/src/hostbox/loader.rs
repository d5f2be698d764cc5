//! Which other files a program needs to run: its interpreter and its shared libraries.
//!
//! The program says which interpreter it wants (PT_INTERP in its ELF header, elf(5)); which
//! libraries that will find, the interpreter knows best, on glibc and musl alike: `ld.so --list
//! PROGRAM` (ld.so(8)) says it and starts nothing.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use elf::ElfBytes;
use elf::abi::PT_INTERP;
use elf::endian::AnyEndian;

// ANCHOR: needs
/// Everything that `program` needs besides itself. A script needs its interpreter, and what that
/// one needs.
pub fn needs(program: &Path) -> Result<Vec<PathBuf>> {
    if let Some(interpreter) = script_interpreter(program)? {
        let mut files = needs(&interpreter)?;
        files.push(interpreter);
        return Ok(files);
    }
    let Some(loader) = elf_interpreter(program)? else {
        return Ok(Vec::new()); // linked statically
    };
    let output = Command::new(&loader)
        .arg("--list")
        .arg(program)
        .output()
        .with_context(|| format!("cannot ask the loader {}", loader.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("the loader {} can't list what it needs: {}", loader.display(), said.trim());
    }
    let mut files = listed(&String::from_utf8_lossy(&output.stdout))?;
    files.push(loader);
    Ok(files)
}
// ANCHOR_END: needs

/// `#!/bin/sh -e` in the first line.
fn script_interpreter(program: &Path) -> Result<Option<PathBuf>> {
    let mut begin = [0; 256];
    let mut file = fs::File::open(program).with_context(|| format!("cannot read {}", program.display()))?;
    let length = file.read(&mut begin)?;
    let Some(line) = begin[..length].strip_prefix(b"#!") else { return Ok(None) };
    let line = String::from_utf8_lossy(line);
    Ok(line.lines().next().and_then(|line| line.split_whitespace().next()).map(PathBuf::from))
}

/// The loader that an ELF program names, if it names one.
fn elf_interpreter(program: &Path) -> Result<Option<PathBuf>> {
    let bytes = fs::read(program)?;
    let parsed = ElfBytes::<AnyEndian>::minimal_parse(&bytes)
        .with_context(|| format!("{} is neither an ELF program nor a script", program.display()))?;
    let segments = parsed.segments().with_context(|| format!("{} has no program headers", program.display()))?;
    let Some(header) = segments.iter().find(|header| header.p_type == PT_INTERP) else { return Ok(None) };
    let name = parsed.segment_data(&header).context("a damaged PT_INTERP")?;
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    Ok(Some(PathBuf::from(String::from_utf8_lossy(name).into_owned())))
}

/// The paths in the loader's list: `libc.so.6 => /lib/libc.so.6 (0x…)`, or a path alone. The vDSO
/// has none: it is the kernel's.
fn listed(list: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for line in list.lines().map(str::trim) {
        let found = line.split_once("=> ").map_or(line, |(_, found)| found);
        if found.starts_with("not found") {
            bail!("a library is missing on this machine: {line}");
        }
        if found.starts_with('/') {
            files.push(PathBuf::from(found.rsplit_once(" (0x").map_or(found, |(path, _)| path)));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibcs_and_musls_lists_are_read() {
        let glibc = "\tlinux-vdso.so.1 (0x00007ffe)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\
                     \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let paths = |texts: &[&str]| texts.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(listed(glibc).unwrap(), paths(&["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]));
        let musl = "\t/lib/ld-musl-x86_64.so.1 (0x7f)\n\tlibc.musl-x86_64.so.1 => /lib/ld-musl-x86_64.so.1 (0x7f)\n";
        assert_eq!(listed(musl).unwrap(), paths(&["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-x86_64.so.1"]));
    }

    #[test]
    fn a_missing_library_is_an_error() {
        assert!(listed("\tlibx.so => not found\n").unwrap_err().to_string().contains("libx.so"));
    }

    #[test]
    fn this_test_needs_a_c_library() {
        let files = needs(&std::env::current_exe().unwrap()).unwrap();
        assert!(files.is_empty() || files.iter().any(|file| file.to_string_lossy().contains("libc")), "{files:?}");
    }
}
