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
/// An entry of an index: a manifest, and the platform of its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub digest: String,
    /// `None` if the index doesn't contain it.
    pub platform: Option<Platform>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `windows`; or `unknown` for entries that aren't images.
    pub os: String,
    /// `amd64`, `arm64`, `arm`.
    pub architecture: String,
    /// For arm: `v5`, `v6`, `v7`. For arm64: `v8`, or nothing, which means the same.
    pub variant: Option<String>,
}
// ANCHOR_END: offer

// ANCHOR: instruction
/// An instruction of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The number of its first line, counted from 1.
    pub line: usize,
    /// In capitals: `RUN`.
    pub name: String,
    pub arguments: Arguments,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arguments {
    /// `ls -l /`: the text, for a shell.
    Shell(String),
    /// `["ls", "-l", "/"]`: a program and its arguments, without a shell.
    Exec(Vec<String>),
}
// ANCHOR_END: instruction
