// ANCHOR: reference
/// The name of an image, with all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The registry's host, perhaps with a port: `docker.io`, `localhost:5000`.
    pub host: String,
    /// The repository there: `library/nginx`.
    pub repository: String,
    /// `latest`; none where there is a digest only.
    pub tag: Option<String>,
    /// `sha256:` and 64 digits.
    pub digest: Option<String>,
}
// ANCHOR_END: reference

// ANCHOR: offer
/// An entry of an index: a manifest, and the machines that its image is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub digest: String,
    /// None, where the index doesn't say.
    pub platform: Option<Platform>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `windows`; or `unknown`, of entries that are no image.
    pub os: String,
    /// `amd64`, `arm64`, `arm`.
    pub architecture: String,
    /// Of arm: `v5`, `v6`, `v7`. Of arm64: `v8`, or nothing, which means the same.
    pub variant: Option<String>,
}
// ANCHOR_END: offer

// ANCHOR: instruction
/// An instruction of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The line that it begins in; the first one is 1.
    pub line: usize,
    /// In capitals: `RUN`.
    pub name: String,
    pub arguments: Arguments,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arguments {
    /// `ls -l /`: as it is written, for a shell.
    Shell(String),
    /// `["ls", "-l", "/"]`: words, which no shell sees.
    Exec(Vec<String>),
}
// ANCHOR_END: instruction
