//! Requests about images.

use std::collections::BTreeMap;

use anyhow::Result;
use ch04_unionfs::archive::decompress;
use ch06_containers::engine::Local;
use ch06_containers::record::Record;
use ch07_daemon::api::body::{fallible_channel, json as answer, ok};
use ch07_daemon::api::containers::write_to;
use ch07_daemon::api::error::{Answer, ApiError};
use ch07_daemon::api::prune::{self, Chosen};
use ch07_daemon::api::router::Call;
use ch07_daemon::api::system::blocking;
use ch07_daemon::daemon::{Change, Daemon, Kind};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::stream::{Lines, reader, working};
use super::{auth, changes, inspect, store};
use crate::config::ImageConfig;
use crate::engine::loaded;
use crate::layout::{Found, ImageStore, Removed, User};
use crate::transfer::{self, Credentials};
use crate::{Reference, builtin};

/// `docker images`.
pub async fn list(daemon: Daemon, call: Call) -> Answer {
    let filters = call.query.filters_of(&["reference", "dangling", "label"])?;
    let is_dangling = prune::switch(&call.query, "dangling")?;
    let images = blocking(move || store(&daemon.engine)?.all().map(|all| (all, users(&daemon.engine)))).await?;
    let (all, users) = images;
    let wanted = |image: &&Found| {
        let by_name = filters
            .get("reference")
            .is_none_or(|patterns| image.names.iter().any(|name| patterns.iter().any(|pattern| fits(pattern, name))));
        let labels = image.config.container().labels;
        let has = |label: &String| match label.split_once('=') {
            Some((name, value)) => labels.get(name).is_some_and(|known| known == value),
            None => labels.contains_key(label),
        };
        let by_label = filters.get("label").is_none_or(|wanted| wanted.iter().all(has));
        by_name && by_label && is_dangling.is_none_or(|wanted| wanted == image.names.is_empty())
    };
    let rows: Vec<Value> = all.iter().filter(wanted).map(|image| inspect::row(image, &users)).collect();
    ok(&rows)
}

fn fits(pattern: &str, name: &Reference) -> bool {
    let repository = name.repository();
    crate::build::matches(pattern, &repository) || crate::build::matches(pattern, &name.familiar())
}

/// Containers, and what they stand on.
pub fn users(engine: &Local) -> Vec<User> {
    let records = engine.records().all().unwrap_or_default();
    let user = |record: Record| User { container: record.id, image: record.image_id, layer: record.layer };
    records.into_iter().map(user).collect()
}

/// `docker pull`, and `docker import`.
pub async fn create(daemon: Daemon, call: Call) -> Answer {
    let credentials = auth::of_pull(&call);
    let query = call.query;
    query.platform()?;
    if query.get("fromSrc").is_some() {
        let name = name_of(query.get("repo"), query.get("tag"))?;
        let (changes, message) = (changes::from_query(&query)?, query.get("message").map(String::from));
        let body = reader(call.request.into_body());
        return working(move |lines| {
            let images = store(&daemon.engine)?;
            // With changes, the image that has them gets the name.
            let first = name.as_ref().filter(|_| changes.is_empty());
            let mut found = transfer::import(&images, body, message.as_deref(), first)?;
            if !changes.is_empty() {
                found = changes::apply(&daemon.engine, &images, found, &changes, name.as_ref())?;
            }
            lines.status(&found.id().to_string())
        });
    }
    let name = query.get("fromImage").ok_or_else(|| ApiError::bad("invalid request: no image was given"))?;
    let tag = query.get("tag");
    let name = match tag {
        Some(digest) if digest.contains(':') => format!("{name}@{digest}"),
        Some(tag) => format!("{name}:{tag}"),
        None => name.to_string(),
    };
    let name: Reference = name.parse().map_err(ApiError::bad)?;
    working(move |lines| {
        let images = store(&daemon.engine)?;
        if builtin::is_made_here(&name) && builtin::find(&images, &name.familiar()).is_ok() {
            return lines.status(&format!("Status: Image is up to date for {}", name.familiar()));
        }
        pull(&images, &name, credentials, lines).map(drop)
    })
}

fn pull(images: &ImageStore, name: &Reference, credentials: Option<Credentials>, lines: &Lines) -> Result<Found> {
    let tag = name.tag.clone().or(name.digest.map(|digest| digest.to_string())).unwrap_or_default();
    lines.send(&json!({"status": format!("Pulling from {}", name.path.strip_prefix("library/").unwrap_or(&name.path)), "id": tag}))?;
    let before = images.find(&name.familiar()).ok().map(|found| found.descriptor.digest);
    let found = transfer::pull(images, name, credentials, &mut |id, status, current, total| {
        let detail = if total > 0 { json!({"current": current, "total": total}) } else { json!({}) };
        let _ = lines.send(&json!({"status": status, "id": id, "progressDetail": detail}));
    })?;
    lines.status(&format!("Digest: {}", found.descriptor.digest))?;
    let news =
        if before == Some(found.descriptor.digest) { "Image is up to date for" } else { "Downloaded newer image for" };
    lines.status(&format!("Status: {news} {}", name.familiar()))?;
    Ok(found)
}

/// A name of two parameters; `None` where there is none.
pub fn name_of(repository: Option<&str>, tag: Option<&str>) -> Result<Option<Reference>, ApiError> {
    let Some(repository) = repository else { return Ok(None) };
    let text = tag.map_or_else(|| repository.to_string(), |tag| format!("{repository}:{tag}"));
    text.parse().map(Some).map_err(ApiError::bad)
}

/// `docker load`.
pub async fn load(daemon: Daemon, call: Call) -> Answer {
    let body = reader(call.request.into_body());
    working(move |lines| {
        for found in transfer::load(&store(&daemon.engine)?, decompress(body)?)? {
            lines.send(&json!({"stream": format!("{}\n", loaded(&found))}))?;
        }
        Ok(())
    })
}

/// `docker save`.
pub async fn save(daemon: Daemon, names: Vec<String>) -> Answer {
    let check = names.clone();
    let images = blocking(move || {
        let images = store(&daemon.engine)?;
        for name in &check {
            let id = builtin::find(&images, name)?.id().to_string();
            daemon.changes.tell(Change::new(Kind::Image, "save", &id).with("name", name));
        }
        Ok(images)
    })
    .await?;
    let (sender, response) = fallible_channel("application/x-tar");
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write_to(sender, |out| transfer::save(&images, &names, out)) {
            tracing::warn!(%error, "save");
        }
    });
    Ok(response)
}

/// `docker tag`.
pub async fn tag(daemon: Daemon, name: String, call: Call) -> Answer {
    let new = name_of(call.query.get("repo"), call.query.get("tag"))?;
    let new = new.ok_or_else(|| ApiError::bad("invalid request: no new name was given"))?;
    blocking(move || {
        let images = store(&daemon.engine)?;
        images.tag(&builtin::find(&images, &name)?, &new)
    })
    .await?;
    Ok(answer(StatusCode::CREATED, &json!({})))
}

/// `docker rmi`.
pub async fn remove(daemon: Daemon, name: String, call: Call) -> Answer {
    let force = call.query.flag("force");
    let removed = blocking(move || store(&daemon.engine)?.remove(&name, force, &users(&daemon.engine))).await?;
    ok(&to_json(&removed))
}

fn to_json(removed: &Removed) -> Vec<Value> {
    let untagged = removed.untagged.iter().map(|name| json!({"Untagged": name.familiar()}));
    untagged.chain(removed.deleted.iter().map(|digest| json!({"Deleted": digest.to_string()}))).collect()
}

/// `docker image prune`: images without a name, and with `dangling=false` (`--all`) those with one,
/// too. What a container stands on stays.
pub async fn prune(daemon: Daemon, call: Call) -> Answer {
    let chosen = Chosen::from_query(&call.query, &["dangling", "label", "label!", "until"])?;
    let only_dangling = prune::switch(&call.query, "dangling")?.unwrap_or(true);
    let is_chosen = move |config: &ImageConfig| chosen.includes(&config.container().labels, &config.created);
    let removed = blocking(move || {
        let (images, users) = (store(&daemon.engine)?, users(&daemon.engine));
        let mut removed = images.prune_chosen(false, &users, &is_chosen)?;
        let named = if only_dangling { Vec::new() } else { images.all()? };
        let is_used = |image: &Found| users.iter().any(|user| user.stands_on(image));
        for image in named.iter().filter(|image| !is_used(image) && is_chosen(&image.config)) {
            let gone = images.remove(&image.id().to_string(), true, &users)?;
            removed.untagged.extend(gone.untagged);
            removed.deleted.extend(gone.deleted);
        }
        daemon.changes.tell(Change::pruned(Kind::Image));
        Ok(removed)
    })
    .await?;
    ok(&json!({"ImagesDeleted": to_json(&removed), "SpaceReclaimed": 0}))
}

/// `docker builder prune`.
pub async fn prune_steps(daemon: Daemon, call: Call) -> Answer {
    let chosen = Chosen::from_query(&call.query, &["until"])?;
    let is_chosen = move |config: &ImageConfig| chosen.includes(&BTreeMap::new(), &config.created);
    let removed =
        blocking(move || store(&daemon.engine)?.prune_chosen(true, &users(&daemon.engine), is_chosen)).await?;
    let ids: Vec<String> = removed.deleted.iter().map(ToString::to_string).collect();
    ok(&json!({"CachesDeleted": ids, "SpaceReclaimed": 0}))
}

/// What is about images and isn't here.
pub async fn not_supported(call: Call) -> Answer {
    let what = format!("{} /{} is not supported by Coracle", call.method, call.path.join("/"));
    // The rest of the request is read, or the client sees a broken pipe in place of the answer.
    let mut body = reader(call.request.into_body());
    let _ = blocking(move || Ok(std::io::copy(&mut body, &mut std::io::sink())?)).await;
    Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, what))
}
