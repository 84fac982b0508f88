//! Names of images in Docker's several notations: whether a service runs the image that its stack's file names
//! (distribution/reference: familiar names, `latest`, digests).

/// Whether an image of a service is the wanted one: the same name and tag, with any digest where the
/// wanted one has none.
pub(super) fn is_of(image: &str, wanted: &str) -> bool {
    let (image_name, image_digest) = parts(image);
    let (wanted_name, wanted_digest) = parts(wanted);
    match wanted_digest {
        // Docker drops the tag beside a digest.
        Some(digest) => {
            Some(digest) == image_digest && untagged(&image_name) == untagged(&wanted_name)
        }
        None => image_name == wanted_name,
    }
}

/// What a notation names, each in full: the name with its tag, unless there is only a digest, and the name with its digest.
pub fn full_names(image: &str) -> Vec<String> {
    let (name, digest) = parts(image);
    let written = image.split('@').next().unwrap_or(image);
    let is_tagged = digest.is_none() || untagged(written) != written;
    let pinned = digest.map(|digest| format!("{}@{digest}", untagged(&name)));
    let tagged = is_tagged.then(|| name.clone());
    tagged.into_iter().chain(pinned).collect()
}

/// A full name with its tag, and the digest if there is one.
fn parts(image: &str) -> (String, Option<&str>) {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let name = ["docker.io/", "index.docker.io/"]
        .iter()
        .find_map(|host| name.strip_prefix(host))
        .unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let name = if untagged(name) == name {
        format!("{name}:latest")
    } else {
        name.to_owned()
    };
    (name, digest)
}

/// A name without its tag: what follows the last colon, unless that belongs to the host's port.
fn untagged(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_of_one_image_are_the_same() {
        for (image, wanted, same) in [
            ("nginx:latest@sha256:1", "nginx", true),
            ("nginx:1@sha256:1", "docker.io/library/nginx:1", true),
            ("nginx:2@sha256:1", "nginx:1", false),
            ("r:5000/a@sha256:1", "r:5000/a:latest", true),
            ("r:5000/a:2", "r:5000/a", false),
            ("a@sha256:1", "a:3@sha256:1", true),
            ("a:3@sha256:2", "a:3@sha256:1", false),
            ("b@sha256:1", "a@sha256:1", false),
        ] {
            assert_eq!(is_of(image, wanted), same, "{image} {wanted}");
        }
    }
    #[test]
    fn what_is_named_is_told_in_full() {
        for (image, names) in [
            ("nginx", &["nginx:latest"][..]),
            ("docker.io/library/nginx:1", &["nginx:1"]),
            ("r:5000/a", &["r:5000/a:latest"]),
            ("nginx:1@sha256:1", &["nginx:1", "nginx@sha256:1"]),
            ("r:5000/a@sha256:1", &["r:5000/a@sha256:1"]),
        ] {
            assert_eq!(full_names(image), names, "{image}");
        }
    }
}
