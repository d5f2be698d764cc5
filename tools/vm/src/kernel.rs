//! Kernels that can be booted: readable, and with the modules that are needed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::places;

/// Without the first two the guest has no root file system; the others are what the book is about.
const MODULES: [&str; 7] = ["9p", "9pnet_virtio", "overlay", "veth", "bridge", "nf_tables", "fuse"];

/// A kernel to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// The image, a bzImage.
    pub image: PathBuf,
    /// As `uname -r` will say; empty when the image's name doesn't tell.
    pub release: String,
}

impl Kernel {
    /// The kernel that is asked for by path or release; else the machine's own that fits, the running
    /// one first; else the one that `cargo wb vm --install` got. The error says what was found instead.
    pub(crate) fn find(wanted: Option<&str>) -> Result<Kernel, String> {
        if let Some(path) = wanted.map(Path::new).filter(|path| path.components().count() > 1 || path.is_file()) {
            return File::open(path)
                .map(|_| Kernel::from_image(path))
                .map_err(|error| format!("the kernel {}: {error}", path.display()));
        }
        let mut refused = Vec::new();
        for image in candidates() {
            let kernel = Kernel::from_image(&image);
            if wanted.is_some_and(|wanted| wanted != kernel.release) {
                continue;
            }
            match kernel.why_not() {
                None => return Ok(kernel),
                Some(why) => refused.push(format!("{} {why}", image.display())),
            }
        }
        let what = wanted.map_or_else(|| "a kernel".to_string(), |release| format!("the kernel {release}"));
        if !refused.is_empty() {
            return Err(format!("{what} that fits ({})", refused.join("; ")));
        }
        let others: Vec<String> = candidates().iter().map(|image| release_of(image)).collect();
        Err(if wanted.is_none() || others.is_empty() { what } else { format!("{what} (here: {})", others.join(", ")) })
    }

    fn from_image(image: &Path) -> Kernel {
        let image = fs::canonicalize(image).unwrap_or_else(|_| image.to_path_buf());
        Kernel { release: release_of(&image), image }
    }

    /// The directory of its modules: below the root that the image lies in, `/` or one in a cache.
    pub(crate) fn modules(&self) -> Option<PathBuf> {
        let roots = self.image.ancestors().skip(1);
        let below = roots.flat_map(|root| ["lib/modules", "usr/lib/modules"].map(|directory| root.join(directory)));
        below
            .map(|directory| directory.join(&self.release))
            .find(|directory| !self.release.is_empty() && directory.is_dir())
    }

    fn why_not(&self) -> Option<String> {
        if File::open(&self.image).is_err() {
            return Some("can only be read by root".to_string());
        }
        let Some(modules) = self.modules() else { return Some("has no modules here".to_string()) };
        let read = |name| fs::read_to_string(modules.join(name)).unwrap_or_default();
        let lacking = lacking(&(read("modules.builtin") + &read("modules.order") + &read("modules.dep")));
        (!lacking.is_empty()).then(|| format!("lacks {}", lacking.join(", ")))
    }
}

/// The machine's own, the running one first, then newest first; then the installed ones.
fn candidates() -> Vec<PathBuf> {
    let running = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut own: Vec<PathBuf> = entries(Path::new("/lib/modules")).into_iter().map(|of| of.join("vmlinuz")).collect();
    own.extend(entries(Path::new("/boot")).into_iter().filter(|file| is_image(file)));
    own.retain(|image| image.is_file());
    own.sort_by_key(|image| std::cmp::Reverse((release_of(image) == running.trim(), newest_first(image))));
    let installed = places::all().into_iter().flat_map(|place| entries(&place.join("kernel")));
    let mut installed: Vec<PathBuf> =
        installed.flat_map(|root| entries(&root.join("boot"))).filter(|file| is_image(file)).collect();
    installed.sort_by_key(|image| std::cmp::Reverse(newest_first(image)));
    own.into_iter().chain(installed).collect()
}

fn newest_first(image: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(image).and_then(|image| image.modified()).ok()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}

fn is_image(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"vmlinuz-"))
}

/// From `…/vmlinuz-RELEASE`, or from `…/modules/RELEASE/vmlinuz`.
fn release_of(image: &Path) -> String {
    let name = |path: Option<&Path>| Some(path?.file_name()?.to_string_lossy().into_owned());
    match name(Some(image)).as_deref() {
        Some("vmlinuz") => name(image.parent()).unwrap_or_default(),
        Some(file) => file.strip_prefix("vmlinuz-").unwrap_or_default().to_string(),
        None => String::new(),
    }
}

/// What of [`MODULES`] isn't among the files listed (modules.builtin and modules.order, depmod(8)).
fn lacking(listed: &str) -> Vec<&'static str> {
    MODULES.into_iter().filter(|name| !listed.contains(&format!("/{name}.ko"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_comes_from_the_name() {
        assert_eq!(release_of(Path::new("/boot/vmlinuz-6.12.1+deb12-amd64")), "6.12.1+deb12-amd64");
        assert_eq!(release_of(Path::new("/lib/modules/6.8.0-31/vmlinuz")), "6.8.0-31");
        assert_eq!(release_of(Path::new("/src/arch/x86/boot/bzImage")), "");
    }

    #[test]
    fn a_cloud_kernel_without_9p_does_not_fit() {
        let cloud = "kernel/fs/overlayfs/overlay.ko\nkernel/drivers/net/veth.ko.xz\nkernel/net/bridge/bridge.ko.zst\n\
                     kernel/net/netfilter/nf_tables.ko\nkernel/fs/fuse/fuse.ko\n";
        assert_eq!(lacking(cloud), ["9p", "9pnet_virtio"]);
    }

    #[test]
    fn a_name_that_only_ends_alike_is_another_module() {
        assert!(lacking("kernel/net/x9p.ko\nkernel/net/9pnet_virtio.ko\n").contains(&"9p"));
    }
}
