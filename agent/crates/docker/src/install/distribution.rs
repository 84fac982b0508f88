//! Which packages hold the engine, by distribution.

use std::collections::HashMap;
use std::path::Path;

/// Which package manager a distribution uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// `apt-get`
    Apt,
    /// `dnf`
    Dnf,
}

/// The distribution, by its `os-release`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Distribution {
    /// `ID`
    pub id: String,
    /// `VERSION_ID`; nothing on a distribution without versions.
    pub version: Option<String>,
    /// `PRETTY_NAME`
    pub name: String,
    /// The package manager found on the host.
    pub family: Option<Family>,
}

/// Package names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packages {
    /// The engine and its client.
    pub engine: &'static [&'static str],
    /// The Compose plugin; empty where the distribution has none.
    pub compose: &'static [&'static str],
}

impl Distribution {
    /// The distribution under `root`.
    pub fn read(root: &Path) -> Self {
        let text = ["etc/os-release", "usr/lib/os-release"]
            .iter()
            .find_map(|path| std::fs::read_to_string(root.join(path)).ok());
        let text = text.unwrap_or_default();
        let has = |program: &str| root.join("usr/bin").join(program).exists();
        let family = match (has("apt-get"), has("dnf")) {
            // Fedora has a package of apt, and Debian one of dnf.
            (true, true) if is_rpm_based(&fields(&text)) => Some(Family::Dnf),
            (true, _) => Some(Family::Apt),
            (false, true) => Some(Family::Dnf),
            (false, false) => None,
        };
        Self::parse(&text, family)
    }

    fn parse(os_release: &str, family: Option<Family>) -> Self {
        let mut fields = fields(os_release);
        let id = fields.remove("ID").unwrap_or_else(|| "linux".to_owned());
        let version = fields
            .remove("VERSION_ID")
            .filter(|version| !version.is_empty());
        let name = fields.remove("PRETTY_NAME").unwrap_or_else(|| id.clone());
        Self {
            id,
            version,
            name,
            family,
        }
    }

    /// The packages that hold the engine; `None` where none are known.
    pub fn packages(&self) -> Option<Packages> {
        let major = self
            .version
            .as_ref()
            .and_then(|version| version.split('.').next()?.parse().ok());
        let newest = u32::MAX;
        match (self.id.as_str(), major.unwrap_or(newest)) {
            // Here the client is in docker.io, and docker-compose is the old program, no plugin.
            ("debian", ..=12) | ("ubuntu", ..=20) => Some(Packages {
                engine: &["docker.io"],
                compose: &[],
            }),
            ("debian", _) => Some(Packages {
                engine: &["docker.io", "docker-cli"],
                compose: &["docker-compose"],
            }),
            ("ubuntu", _) => Some(Packages {
                engine: &["docker.io"],
                compose: &["docker-compose-v2"],
            }),
            ("amzn", 2023..) => Some(Packages {
                engine: &["docker"],
                compose: &[],
            }),
            ("fedora", _) => Some(Packages {
                engine: &["moby-engine", "docker-cli"],
                compose: &["docker-compose"],
            }),
            _ => None,
        }
    }
}

fn fields(os_release: &str) -> HashMap<String, String> {
    let field = |line: &str| {
        let (key, value) = line.split_once('=')?;
        Some((
            key.trim().to_owned(),
            value.trim().trim_matches(['"', '\'']).to_owned(),
        ))
    };
    os_release.lines().filter_map(field).collect()
}

fn is_rpm_based(fields: &HashMap<String, String>) -> bool {
    let names = ["ID", "ID_LIKE"].map(|key| fields.get(key).map_or("", String::as_str));
    names
        .iter()
        .flat_map(|names| names.split_whitespace())
        .any(|name| ["amzn", "fedora", "rhel"].contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distribution_has_its_own_package_names() {
        let plugin = "docker-compose-v2";
        for (os_release, engine, compose) in [
            ("ID=debian\nVERSION_ID=\"12\"", "docker.io", ""),
            (
                "ID=debian\nVERSION_ID=\"13\"",
                "docker.io docker-cli",
                "docker-compose",
            ),
            (
                "PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nID=debian",
                "docker.io docker-cli",
                "docker-compose",
            ),
            ("ID=ubuntu\nVERSION_ID=\"20.04\"", "docker.io", ""),
            (
                "ID=ubuntu\nVERSION_ID=\"24.04\"\nID_LIKE=debian",
                "docker.io",
                plugin,
            ),
            ("ID=\"amzn\"\nVERSION_ID=\"2023\"", "docker", ""),
            (
                "ID=fedora\nVERSION_ID=42",
                "moby-engine docker-cli",
                "docker-compose",
            ),
        ] {
            let packages = Distribution::parse(os_release, None)
                .packages()
                .expect(os_release);
            assert_eq!(
                (packages.engine.join(" "), packages.compose.join(" ")),
                (engine.into(), compose.into())
            );
        }
    }

    /// What an image is provisioned with is what a first boot would install.
    #[test]
    fn images_get_the_same_packages() {
        let script = include_str!("../../../../../packer/provision/10-engine.sh");
        for (os_release, pattern) in [
            ("ID=debian\nVERSION_ID=12", "debian-1[0-2])"),
            ("ID=debian\nVERSION_ID=13", "debian-*)"),
            ("ID=ubuntu\nVERSION_ID=24.04", "ubuntu-*)"),
            ("ID=amzn\nVERSION_ID=2023", "amzn-2023*)"),
        ] {
            let packages = Distribution::parse(os_release, None).packages();
            let packages = packages.expect(os_release);
            let compose = match packages.compose {
                [] => String::new(),
                names => format!(" compose={}", names.join(" ")),
            };
            let case = format!(
                "{pattern} engine=({}){compose} ;;",
                packages.engine.join(" ")
            );
            let is_there = script.lines().any(|line| line.trim() == case);
            assert!(is_there, "10-engine.sh has no {case:?}");
        }
    }

    #[test]
    fn no_package_is_guessed() {
        for os_release in [
            "",
            "ID=amzn\nVERSION_ID=2",
            "ID=rhel\nVERSION_ID=9.4",
            "ID=linuxmint\nID_LIKE=ubuntu",
        ] {
            assert_eq!(
                Distribution::parse(os_release, None).packages(),
                None,
                "{os_release}"
            );
        }
    }

    #[test]
    fn the_package_manager_is_the_one_that_is_there() {
        let root = tempfile::tempdir().expect("a folder");
        let family = || Distribution::read(root.path()).family;
        assert_eq!(family(), None);
        for (program, expected) in [("dnf", Family::Dnf), ("apt-get", Family::Apt)] {
            std::fs::create_dir_all(root.path().join("usr/bin")).expect("a folder");
            std::fs::write(root.path().join("usr/bin").join(program), "").expect("a file");
            assert_eq!(family(), Some(expected));
        }
        std::fs::create_dir_all(root.path().join("etc")).expect("a folder");
        for (os_release, expected) in [
            ("ID=\"amzn\"\nID_LIKE=\"fedora\"", Family::Dnf),
            ("ID=fedora", Family::Dnf),
            ("ID=ubuntu\nID_LIKE=debian", Family::Apt),
        ] {
            std::fs::write(root.path().join("etc/os-release"), os_release).expect("a file");
            assert_eq!(family(), Some(expected), "both are there: {os_release}");
        }
        let os_release = "NAME=x\n# y\nID='debian'\nPRETTY_NAME=\"Debian 13\"\n";
        std::fs::write(root.path().join("etc/os-release"), os_release).expect("a file");
        let distribution = Distribution::read(root.path());
        assert_eq!(
            (distribution.id.as_str(), distribution.name.as_str()),
            ("debian", "Debian 13")
        );
    }
}
