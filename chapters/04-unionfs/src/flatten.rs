//! A container's whole root file system as one archive: `export`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::LayerStore;
use crate::archive::ArchiveWriter;
use crate::directory::{Directory, check_depth, is_directory};
use crate::owner::as_owner;
use crate::union::Union;

impl LayerStore {
    /// Writes what a container's layer and those below it show together.
    pub fn export_container(&self, container: &str, out: impl Write) -> Result<()> {
        let record = self.container(container)?;
        let own = self.driver().content(&record.mount_id);
        let below = self.stack(&record.image)?.into_iter().map(|layer| self.driver().content(&layer.cache_id));
        // On vfs the container's own layer has everything.
        let layers: Vec<PathBuf> = match self.driver().name() {
            crate::driver::Name::Vfs => vec![own],
            crate::driver::Name::Overlay2 => [own].into_iter().chain(below).collect(),
        };
        as_owner(|| {
            let open = layers.iter().map(|layer| Directory::open(layer)).collect::<Result<_>>()?;
            let mut archive = ArchiveWriter::new(out);
            write_union(&Union::new(open), Path::new(""), &mut archive)?;
            archive.finish()
        })
    }
}

fn write_union(union: &Union, path: &Path, archive: &mut ArchiveWriter<impl Write>) -> Result<()> {
    check_depth(path)?;
    for name in union.names()? {
        let Some((layer, stat)) = union.find(&name)? else { continue };
        let place = path.join(&name);
        archive.entry(layer, &name, &place).with_context(|| format!("cannot archive /{}", place.display()))?;
        if is_directory(&stat) {
            write_union(&union.child(&name)?, &place, archive)?;
        }
    }
    Ok(())
}
