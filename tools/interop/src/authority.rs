//! A certificate authority of the lab's own, made by `openssl`.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use testkit::needs;

use crate::world::World;

/// An authority: its certificate is what others have to trust.
pub struct Authority {
    /// Its own certificate.
    pub certificate: PathBuf,
    key: PathBuf,
}

/// What a server has.
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// The extensions that certificates need, and nothing of the machine's own settings.
const SETTINGS: &str = "[req]\ndistinguished_name = name\nx509_extensions = authority\n[name]\n[authority]\n\
    basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\nsubjectKeyIdentifier = hash\n";

impl Authority {
    /// A new one.
    pub fn new(world: &World, name: &str) -> Result<Authority> {
        needs::program("openssl")?;
        fs::write(world.path("openssl.cnf"), SETTINGS)?;
        world.shell(
            "",
            &format!(
                "openssl req -config openssl.cnf -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                 -subj '/CN={name}' -keyout {name}.key -out {name}.crt"
            ),
        )?;
        Ok(Authority { certificate: world.path(&format!("{name}.crt")), key: world.path(&format!("{name}.key")) })
    }

    /// A certificate for a host.
    pub fn certify(&self, world: &World, host: &str) -> Result<Certificate> {
        fs::write(world.path("host.cnf"), format!("basicConstraints = CA:FALSE\nsubjectAltName = DNS:{host}\n"))?;
        let (authority, key) = (self.certificate.display(), self.key.display());
        world.shell(
            "",
            &format!(
                "openssl req -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                 -subj '/CN={host}' -keyout {host}.key -out {host}.csr && \
                 openssl x509 -req -in {host}.csr -CA {authority} -CAkey {key} -set_serial 1 -days 2 \
                 -extfile host.cnf -out {host}.crt"
            ),
        )?;
        Ok(Certificate { certificate: world.path(&format!("{host}.crt")), key: world.path(&format!("{host}.key")) })
    }
}
