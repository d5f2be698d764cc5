//! What happens to images, as the store's index tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ch04_unionfs::digest::Digest;
use ch07_daemon::daemon::{Change, Kind, Source};

use crate::Reference;
use crate::layout::ImageStore;

/// An image of the index.
#[derive(Debug, Clone, Default)]
struct Known {
    names: BTreeSet<String>,
    /// How and when it came: for each name, or without one.
    arrivals: BTreeMap<String, Option<Reference>>,
    labels: BTreeMap<String, String>,
}

/// By their ids.
type Index = BTreeMap<String, Known>;

/// The index, as it was when it was last read.
pub struct IndexSource {
    images: ImageStore,
    known: Index,
    /// Ids and labels by the digest of the manifest, which stands for them for ever.
    read: BTreeMap<Digest, (String, BTreeMap<String, String>)>,
}

impl IndexSource {
    /// Of a store.
    pub fn new(images: ImageStore) -> IndexSource {
        IndexSource { images, known: Index::new(), read: BTreeMap::new() }
    }

    fn read(&mut self) -> Index {
        let mut index = Index::new();
        let entries = self.images.index().map(|index| index.manifests).unwrap_or_default();
        let mut read = BTreeMap::new();
        for entry in entries.iter().filter(|entry| !entry.is_step()) {
            let known = self.read.get(&entry.digest).cloned();
            let Some((id, labels)) = known.or_else(|| self.images.id_and_labels(entry)) else { continue };
            read.insert(entry.digest, (id.clone(), labels.clone()));
            let image = index.entry(id).or_insert_with(|| Known { labels, ..Known::default() });
            image.names.extend(entry.name().map(|name| name.familiar()));
            image.arrivals.extend(entry.arrival().map(|arrival| (arrival.to_string(), entry.name())));
        }
        self.read = read;
        index
    }
}

impl Source for IndexSource {
    fn file(&self) -> PathBuf {
        self.images.index_file()
    }

    fn past(&mut self) -> Vec<Change> {
        self.known = self.read();
        let all = self.known.iter();
        let arrivals = all.flat_map(|(id, image)| image.arrivals.iter().map(move |arrival| (id, image, arrival)));
        let dated = arrivals.filter_map(|(id, image, (arrival, name))| {
            let (_, time) = arrival.split_once(' ')?;
            arrived(id, image, arrival, name.as_ref()).at(time)
        });
        dated.collect()
    }

    // ANCHOR: changes
    fn changes(&mut self) -> Vec<Change> {
        let now = self.read();
        let before = std::mem::replace(&mut self.known, now);
        between(&before, &self.known)
    }
    // ANCHOR_END: changes
}

/// What happened between two indexes.
fn between(before: &Index, now: &Index) -> Vec<Change> {
    let nothing = Known::default();
    let mut changes = Vec::new();
    for (id, image) in now {
        let old = before.get(id).unwrap_or(&nothing);
        let mut named_by_arrival = BTreeSet::new();
        for (arrival, name) in image.arrivals.iter().filter(|(arrival, _)| !old.arrivals.contains_key(*arrival)) {
            changes.push(arrived(id, image, arrival, name.as_ref()));
            named_by_arrival.extend(name.as_ref().map(Reference::familiar));
        }
        for name in image.names.difference(&old.names).filter(|name| !named_by_arrival.contains(*name)) {
            changes.push(about("tag", id, image).with("name", name));
        }
    }
    for (id, image) in before {
        let is_here = |name: &&String| now.values().any(|image| image.names.contains(*name));
        for name in image.names.iter().filter(|name| !is_here(name)) {
            changes.push(about("untag", id, image).with("name", name));
        }
        if !now.contains_key(id) {
            changes.push(about("delete", id, image).with("name", id));
        }
    }
    changes
}

fn about(action: &str, id: &str, image: &Known) -> Change {
    Change::new(Kind::Image, action, id).with_labels(&image.labels)
}

/// Docker names a pull by what was pulled, and the others by the image.
fn arrived(id: &str, image: &Known, arrival: &str, name: Option<&Reference>) -> Change {
    let action = arrival.split(' ').next().unwrap_or_default();
    match name {
        Some(name) if action == "pull" => about(action, &name.familiar(), image).with("name", name.repository()),
        Some(name) => about(action, id, image).with("name", name.familiar()),
        None => about(action, id, image).with("name", id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(names: &[&str], arrivals: &[(&str, &str)]) -> Known {
        let arrivals = arrivals.iter().map(|(arrival, name)| (arrival.to_string(), name.parse().ok()));
        let names = names.iter().map(|name| name.to_string()).collect();
        Known { names, arrivals: arrivals.collect(), labels: BTreeMap::new() }
    }

    fn told(before: &[(&str, Known)], now: &[(&str, Known)]) -> Vec<String> {
        let index = |all: &[(&str, Known)]| all.iter().map(|(id, image)| (id.to_string(), image.clone())).collect();
        let changes = between(&index(before), &index(now));
        changes.iter().map(|change| format!("{} {} {}", change.action, change.id, change.attributes["name"])).collect()
    }

    #[test]
    fn names_come_by_their_arrival_or_by_tag() {
        let pulled = image(&["a:1"], &[("pull 1", "a:1")]);
        assert_eq!(told(&[], &[("x", pulled.clone())]), ["pull a:1 a"]);
        assert_eq!(told(&[("x", pulled.clone())], &[("x", pulled.clone())]), [""; 0]);
        // Pulled once more, and tagged.
        let again = image(&["a:1", "b:1"], &[("pull 2", "a:1")]);
        assert_eq!(told(&[("x", pulled.clone())], &[("x", again)]), ["pull a:1 a", "tag x b:1"]);
        assert_eq!(told(&[], &[("x", image(&[], &[("load 1", "")]))]), ["load x x"]);
        // The name is another image's.
        let moved = [("x", image(&[], &[("pull 1", "")])), ("y", image(&["a:1"], &[]))];
        assert_eq!(told(&[("x", pulled.clone())], &moved), ["tag y a:1"]);
        assert_eq!(told(&[("x", pulled)], &[]), ["untag x a:1", "delete x x"]);
    }
}
