//! What chapter 7's daemon learns: images and builds.

mod auth;
mod build;
mod changes;
mod commit;
mod events;
mod images;
mod inspect;
mod parameters;
mod stream;

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;
use ch06_containers::engine::Local;
use ch07_daemon::api::error::Answer;
use ch07_daemon::api::images::{DiskUsage, Image, Images};
use ch07_daemon::api::parameters::Known;
use ch07_daemon::api::router::{Call, MoreRoutes};
use ch07_daemon::daemon::{Daemon, Source};

use crate::builtin;
use crate::config::as_image;
use crate::layout::ImageStore;
use events::IndexSource;

/// Images of this chapter's store.
pub struct Stored;

impl Images for Stored {
    fn find(&self, engine: &Local, name: &str) -> Result<Image> {
        Ok(as_image(&builtin::find(&store(engine)?, name)?))
    }

    fn count(&self, engine: &Local) -> usize {
        store(engine).and_then(|images| images.all()).map_or(0, |all| all.len())
    }

    fn disk_usage(&self, engine: &Local) -> Result<DiskUsage> {
        inspect::disk_usage(&store(engine)?.all()?, &users(engine))
    }
}

fn store(engine: &Local) -> Result<ImageStore> {
    ImageStore::beside(engine.layers()?)
}

/// The routes.
pub struct Routes;

pub use commit::commit_record;
pub use images::users;
pub use inspect::details;

// ANCHOR: routes
impl MoreRoutes for Routes {
    fn knows(&self, call: &Call) -> bool {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        matches!(
            (call.method.as_str(), path.as_slice()),
            ("GET" | "POST" | "DELETE", ["images", _, ..])
                | ("POST", ["auth"] | ["commit"] | ["build"] | ["build", "prune"])
        )
    }

    fn sources(&self, engine: &Local) -> Vec<Box<dyn Source>> {
        store(engine).map(|images| Box::new(IndexSource::new(images)) as Box<dyn Source>).into_iter().collect()
    }

    fn parameters(&self) -> &'static [Known] {
        parameters::KNOWN
    }

    fn answer(&self, daemon: Daemon, call: Call) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        Box::pin(async move {
            let method = call.method.clone();
            let path = call.path.clone();
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            match (method.as_str(), path.as_slice()) {
                ("GET", ["images", "json"]) => images::list(daemon, call).await,
                ("POST", ["images", "create"]) => images::create(daemon, call).await,
                ("POST", ["images", "load"]) => images::load(daemon, call).await,
                ("POST", ["images", "prune"]) => images::prune(daemon, call).await,
                ("POST", ["build", "prune"]) => images::prune_steps(daemon, call).await,
                ("POST", ["auth"]) => auth::check(call).await,
                ("POST", ["commit"]) => commit::commit(daemon, call).await,
                ("POST", ["build"]) => build::build(daemon, call).await,
                ("GET", ["images", "get"]) => images::save(daemon, call.query.all("names").to_vec()).await,
                // A name may have slashes in it.
                ("GET", ["images", name @ .., "get"]) => images::save(daemon, vec![name.join("/")]).await,
                ("GET", ["images", name @ .., "json"]) => inspect::inspect(daemon, name.join("/"), call).await,
                ("GET", ["images", name @ .., "history"]) => inspect::history(daemon, name.join("/")).await,
                ("POST", ["images", name @ .., "tag"]) => images::tag(daemon, name.join("/"), call).await,
                ("DELETE", ["images", name @ ..]) => images::remove(daemon, name.join("/"), call).await,
                _ => images::not_supported(call).await,
            }
        })
    }
}
// ANCHOR_END: routes
