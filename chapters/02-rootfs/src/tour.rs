#[derive(clap::Args)]
pub struct TourFlags {}
pub fn tour(_: &TourFlags) -> anyhow::Result<u8> { Ok(0) }
pub fn look() -> anyhow::Result<()> { Ok(()) }
