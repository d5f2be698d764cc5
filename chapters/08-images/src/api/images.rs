//! Requests about images.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use ch04_unionfs::archive::decompress;
use ch04_unionfs::digest::ChainId;
use ch06_containers::engine::Local;
use ch06_containers::record::Config;
use ch07_daemon::api::body::{channel, json as answer, ok, read};
use ch07_daemon::api::containers::ToChannel;
use ch07_daemon::api::error::{Answer, ApiError};
use ch07_daemon::api::router::Call;
use ch07_daemon::api::system::blocking;
use ch07_daemon::daemon::Daemon;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::store;
use super::stream::{Lines, reader, working};
use crate::layout::{Found, ImageStore, Removed};
use crate::transfer::{self, Credentials};
use crate::{Reference, builtin};

/// `docker images`.
pub async fn list(daemon: Daemon, call: Call) -> Answer {
    let filters = call.query.filters()?;
    let images = blocking(move || store(&daemon.engine)?.all().map(|all| (all, users(&daemon.engine)))).await?;
    let (all, users) = images;
    let wanted = |image: &&Found| {
        let by_name = filters
            .get("reference")
            .is_none_or(|patterns| image.names.iter().any(|name| patterns.iter().any(|pattern| fits(pattern, name))));
        let dangling = filters.get("dangling").and_then(|values| values.first());
        by_name && dangling.is_none_or(|value| (value == "true" || value == "1") == image.names.is_empty())
    };
    let rows: Vec<Value> = all.iter().filter(wanted).map(|image| row(image, &users)).collect();
    ok(&rows)
}

fn fits(pattern: &str, name: &Reference) -> bool {
    let repository = name.repository();
    crate::build::matches(pattern, &repository) || crate::build::matches(pattern, &name.familiar())
}

fn row(image: &Found, users: &[(String, ChainId)]) -> Value {
    let tags: Vec<String> = image.names.iter().filter(|name| name.tag.is_some()).map(Reference::familiar).collect();
    let digests: Vec<String> =
        image.names.iter().map(|name| format!("{}@{}", name.repository(), image.descriptor.digest)).collect();
    json!({
        "Id": image.id().to_string(),
        "ParentId": "",
        "RepoTags": tags,
        "RepoDigests": digests,
        "Created": ch06_containers::seconds_of(&image.config.created),
        "Size": image.size(),
        "VirtualSize": image.size(),
        "SharedSize": -1,
        "Labels": image.config.whole["config"]["Labels"],
        "Containers": users.iter().filter(|(_, layer)| image.layer() == Some(*layer)).count(),
    })
}

/// Containers, and what they stand on.
pub fn users(engine: &Local) -> Vec<(String, ChainId)> {
    let records = engine.records().all().unwrap_or_default();
    records.into_iter().filter_map(|record| Some((record.id, record.layer?))).collect()
}

/// `docker pull`, and `docker import`.
pub async fn create(daemon: Daemon, call: Call) -> Answer {
    let credentials = credentials(&call);
    let query = call.query;
    if query.get("fromSrc").is_some() {
        let name = name_of(query.get("repo"), query.get("tag"))?;
        let body = reader(call.request.into_body());
        return working(move |lines| {
            let found = transfer::import(&store(&daemon.engine)?, body, name.as_ref())?;
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
        // What is made here needs no registry.
        let is_made_here = ["hostbox:latest", "busybox:latest"].contains(&name.familiar().as_str());
        if is_made_here && builtin::find(&images, &name.familiar()).is_ok() {
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

/// `X-Registry-Auth`: JSON, as base64 for URLs.
fn credentials(call: &Call) -> Option<Credentials> {
    let header = call.request.headers().get("x-registry-auth")?.to_str().ok()?;
    let engine = base64::engine::general_purpose::URL_SAFE;
    let bytes =
        engine.decode(header).or_else(|_| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header)).ok()?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_string();
    let found = Credentials { user: text("username"), password: text("password") };
    (!found.user.is_empty()).then_some(found)
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
            let what = match found.names.first() {
                Some(name) => format!("Loaded image: {}\n", name.familiar()),
                None => format!("Loaded image ID: {}\n", found.id()),
            };
            lines.send(&json!({ "stream": what }))?;
        }
        Ok(())
    })
}

/// `docker save`.
pub async fn save(daemon: Daemon, names: Vec<String>) -> Answer {
    let check = names.clone();
    let images = blocking(move || {
        let images = store(&daemon.engine)?;
        check.iter().try_for_each(|name| builtin::find(&images, name).map(drop))?;
        Ok(images)
    })
    .await?;
    let (sender, response) = channel("application/x-tar");
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::BufWriter::with_capacity(64 * 1024, ToChannel(sender));
        if let Err(error) = transfer::save(&images, &names, &mut out).and_then(|()| Ok(out.flush()?)) {
            tracing::warn!(%error, "save");
        }
    });
    Ok(response)
}

/// `docker inspect`.
pub async fn inspect(daemon: Daemon, name: String) -> Answer {
    let (found, driver) = blocking(move || {
        let images = store(&daemon.engine)?;
        Ok((builtin::find(&images, &name)?, images.layers().driver().name().to_string()))
    })
    .await?;
    let whole = &found.config.whole;
    let mut value = row(&found, &[]);
    value["Created"] = json!(found.config.created);
    value["Os"] = whole["os"].clone();
    value["Architecture"] = whole["architecture"].clone();
    value["Config"] = whole["config"].clone();
    value["RootFS"] = json!({"Type": "layers", "Layers": found.config.diff_ids});
    value["GraphDriver"] = json!({"Name": driver, "Data": {}});
    value["Descriptor"] = json!({"mediaType": found.descriptor.media_type, "digest": found.descriptor.digest, "size": found.descriptor.size});
    for (key, from) in [("Author", "author"), ("Comment", "comment"), ("Parent", ""), ("DockerVersion", "")] {
        value[key] = json!(whole[from].as_str().unwrap_or_default());
    }
    value["Metadata"] = json!({"LastTagTime": "0001-01-01T00:00:00Z"});
    ok(&value)
}

/// `docker history`.
pub async fn history(daemon: Daemon, name: String) -> Answer {
    let found = blocking(move || builtin::find(&store(&daemon.engine)?, &name)).await?;
    let mut layers = found.manifest.layers.iter();
    let entries = found.config.whole["history"].as_array().cloned().unwrap_or_default();
    let mut rows: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let size = match entry["empty_layer"].as_bool() {
                Some(true) => 0,
                _ => layers.next().map_or(0, |layer| layer.size),
            };
            json!({
                "Id": "<missing>",
                "Created": entry["created"].as_str().map_or(0, ch06_containers::seconds_of),
                "CreatedBy": entry["created_by"].as_str().unwrap_or_default(),
                "Comment": entry["comment"].as_str().unwrap_or_default(),
                "Size": size,
                "Tags": null,
            })
        })
        .collect();
    rows.reverse();
    if let Some(first) = rows.first_mut() {
        first["Id"] = json!(found.id().to_string());
        first["Tags"] = json!(found.names.iter().map(Reference::familiar).collect::<Vec<_>>());
    }
    ok(&rows)
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
    ok(&told(&removed))
}

fn told(removed: &Removed) -> Vec<Value> {
    let untagged = removed.untagged.iter().map(|name| json!({"Untagged": name.familiar()}));
    untagged.chain(removed.deleted.iter().map(|digest| json!({"Deleted": digest.to_string()}))).collect()
}

/// `docker image prune`.
pub async fn prune(daemon: Daemon, _: Call) -> Answer {
    let removed = blocking(move || store(&daemon.engine)?.prune(false, &users(&daemon.engine))).await?;
    ok(&json!({"ImagesDeleted": told(&removed), "SpaceReclaimed": 0}))
}

/// `docker builder prune`.
pub async fn prune_steps(daemon: Daemon) -> Answer {
    let removed = blocking(move || store(&daemon.engine)?.prune(true, &users(&daemon.engine))).await?;
    let ids: Vec<String> = removed.deleted.iter().map(ToString::to_string).collect();
    ok(&json!({"CachesDeleted": ids, "SpaceReclaimed": 0}))
}

/// `docker commit`.
pub async fn commit(daemon: Daemon, call: Call) -> Answer {
    let query = call.query;
    let name = name_of(query.get("repo"), query.get("tag"))?;
    let text = |key: &str| query.get(key).map(String::from);
    let (container, comment, author) = (text("container"), text("comment"), text("author"));
    let container = container.ok_or_else(|| ApiError::bad("invalid request: no container was given"))?;
    if query.get("changes").is_some() {
        return Err(ApiError::bad("invalid request: commit --change is not supported"));
    }
    let pauses = query.get("pause").is_none_or(|value| value != "0" && value != "false");
    let _ = read(call.request.into_body()).await;
    let id = blocking(move || {
        let record = daemon.engine.records().find(&container)?;
        let still = pauses
            && record.state.status == ch06_containers::record::Status::Running
            && daemon.engine.pause(&record.id, true).is_ok();
        let made = commit_record(&daemon.engine, &record, comment, author, name.as_ref());
        if still {
            daemon.engine.pause(&record.id, false)?;
        }
        Ok(made?.id().to_string())
    })
    .await?;
    Ok(answer(StatusCode::CREATED, &json!({ "Id": id })))
}

/// The image of a container as it is.
pub fn commit_record(
    engine: &Local,
    record: &ch06_containers::record::Record,
    comment: Option<String>,
    author: Option<String>,
    name: Option<&Reference>,
) -> Result<Found> {
    let images = store(engine)?;
    let base = match &record.image_id {
        Some(id) => images.find(id).with_context(|| format!("the container's image {} is gone", record.image))?,
        None => builtin::find(&images, &record.image)?,
    };
    if base.layer() != record.layer {
        return Err(anyhow!("the container stands on another image than {}", record.image));
    }
    let mut note = json!({"created_by": record.config.command().join(" ")});
    for (key, value) in [("comment", comment), ("author", author)] {
        if let Some(value) = value {
            note[key] = json!(value);
        }
    }
    transfer::commit(&images, record, Some(&base), &image_config(&record.config), &note, name)
}

/// A container's configuration, as an image has it.
fn image_config(config: &Config) -> Value {
    let set =
        |names: &[String]| -> BTreeMap<String, Value> { names.iter().map(|name| (name.clone(), json!({}))).collect() };
    let mut value = json!({
        "Env": config.env,
        "Cmd": config.cmd,
        "WorkingDir": config.working_dir,
        "User": config.user,
        "Labels": config.labels,
    });
    if !config.entrypoint.is_empty() {
        value["Entrypoint"] = json!(config.entrypoint);
    }
    if !config.exposed_ports.is_empty() {
        value["ExposedPorts"] = json!(set(&config.exposed_ports));
    }
    if !config.volumes.is_empty() {
        value["Volumes"] = json!(set(&config.volumes));
    }
    if !config.stop_signal.is_empty() {
        value["StopSignal"] = json!(config.stop_signal);
    }
    value
}

/// What is about images and isn't here.
pub async fn not_supported(call: Call) -> Answer {
    let what = format!("{} /{} is not supported by Coracle", call.method, call.path.join("/"));
    // The rest of the request is read, or the client sees a broken pipe in place of the answer.
    let mut body = reader(call.request.into_body());
    let _ = blocking(move || Ok(std::io::copy(&mut body, &mut std::io::sink())?)).await;
    Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, what))
}
