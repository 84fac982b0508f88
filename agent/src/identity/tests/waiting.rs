//! Tags that come late, in virtual time.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::identity::wait::LOOK;

/// When a tag appears, its key and its value.
type Tag = (u64, &'static str, &'static str);

/// Metadata in which tags appear one by one, so many seconds after the first look.
struct Later {
    shows: Shows,
    tags: Vec<Tag>,
    begun: Instant,
    looks: Cell<usize>,
}

impl Later {
    fn new(tags: &[Tag]) -> Self {
        Self {
            shows: Shows::instance(),
            tags: tags.to_vec(),
            begun: Instant::now(),
            looks: Cell::new(0),
        }
    }
}

impl Metadata for Later {
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        let Some(key) = path.strip_prefix("meta-data/tags/instance") else {
            return self.shows.get(path).await;
        };
        let now = self.begun.elapsed().as_secs();
        let there = self.tags.iter().filter(|(at, ..)| *at <= now);
        if let Some(key) = key.strip_prefix('/') {
            let mut found = there.filter(|(_, name, _)| *name == key);
            return Ok(found.next().map(|(.., value)| (*value).to_owned()));
        }
        self.looks.set(self.looks.get() + 1);
        let keys: Vec<&str> = there.map(|(_, name, _)| *name).collect();
        Ok((!keys.is_empty()).then(|| keys.join("\n")))
    }
}

/// Hears what is new.
#[derive(Default)]
struct Hears {
    told: Told,
    texts: RefCell<Vec<String>>,
}

impl Waiter for Hears {
    fn waits(&mut self, why: &IdentifyError) {
        if self.told.note(why) == News::First {
            self.texts.borrow_mut().push(why.to_string());
        }
    }
}

impl Hears {
    fn about(&self) -> Vec<String> {
        let texts = self.texts.borrow();
        let starts = texts
            .iter()
            .map(|text| text.split(':').next().unwrap_or_default());
        starts
            .map(|start| start.replace("cannot tell this node's ", ""))
            .collect()
    }
}

/// Waits; how long it took, what was heard, and how often EC2 was asked.
async fn waited(
    metadata: &Later,
    ec2: &Ec2,
    settings: &Settings,
) -> (
    Result<InstanceIdentity, IdentifyError>,
    Duration,
    Vec<String>,
) {
    let (mut hears, begun) = (Hears::default(), Instant::now());
    let node = identify(metadata, |_| ec2, settings, &mut hears).await;
    (node, begun.elapsed(), hears.about())
}

fn is_member(node: &Result<InstanceIdentity, IdentifyError>) -> bool {
    let (role, cluster) = (Role::Worker, "demo");
    matches!(node, Ok(node) if (node.role, node.cluster.as_str()) == (role, cluster))
}

#[tokio::test(start_paused = true)]
async fn tags_that_come_one_by_one_are_waited_for_without_a_call_to_aws() {
    let orders: [(&[Tag], &[&str]); 3] = [
        (
            &[
                (0, "Name", "web"),
                (10, "swarm:role", "worker"),
                (61, "swarm:cluster", "demo"),
            ],
            &["role and cluster", "cluster"],
        ),
        (
            &[
                (0, "swarm:cluster", "demo"),
                (5, "Name", "web"),
                (61, "swarm:role", "worker"),
            ],
            &["role"],
        ),
        (
            &[
                (0, "billing", "x"),
                (61, "swarm:role", "worker"),
                (61, "swarm:cluster", "demo"),
            ],
            &["role and cluster"],
        ),
    ];
    for (tags, said) in orders {
        let metadata = Later::new(tags);
        let (node, took, heard) = waited(&metadata, &Ec2::never(), &Settings::default()).await;
        assert!(is_member(&node), "{node:?}");
        let last = Duration::from_secs(61);
        assert!(took >= last && took <= last + LOOK, "{took:?}");
        assert_eq!(heard, said);
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_is_not_too_long() {
    let day = 24 * 3600;
    let metadata = Later::new(&[
        (0, "Name", "web"),
        (day, "swarm:role", "worker"),
        (day, "swarm:cluster", "demo"),
    ]);
    let (node, took, heard) = waited(&metadata, &Ec2::never(), &Settings::default()).await;
    assert!(is_member(&node), "{node:?}");
    assert!(took <= Duration::from_secs(day) + LOOK, "{took:?}");
    assert_eq!(heard.len(), 1, "said once: {heard:?}");
    assert!(metadata.looks.get() > 10_000);
}

/// No tag at all: metadata says 404, as it does where tags in metadata are off.
#[tokio::test(start_paused = true)]
async fn an_instance_without_any_tag_asks_ec2_less_and_less_often() {
    let at = 2 * 3600;
    let metadata = Later::new(&[(at, "swarm:role", "worker"), (at, "swarm:cluster", "demo")]);
    let ec2 = Ec2::new(vec![Ok(Tags::new())]);
    let (node, took, heard) = waited(&metadata, &ec2, &Settings::default()).await;
    assert!(is_member(&node), "{node:?}");
    assert!(
        took <= Duration::from_secs(at) + LOOK,
        "by metadata, at once: {took:?}"
    );
    assert_eq!(heard, ["role and cluster"]);
    let asked = ec2.asked.get();
    assert!((50..=130).contains(&asked), "{asked} in two hours");
}

#[tokio::test(start_paused = true)]
async fn tags_that_only_ec2_tells_are_found_soon() {
    for (gap, limit) in [(1, 7), (30, 55), (60, 85)] {
        let metadata = Later::new(&[]);
        let begun = Instant::now();
        let ec2 = Timed(begun, Duration::from_secs(gap), Cell::new(0));
        let settings = Settings::default();
        let node = identify(&metadata, |_| &ec2, &settings, &mut Unheard).await;
        assert!(is_member(&node), "{node:?}");
        let took = begun.elapsed();
        assert!(took <= Duration::from_secs(limit), "{gap} s: {took:?}");
        assert!(ec2.2.get() <= 12, "{gap} s: asked {} times", ec2.2.get());
    }
}

/// EC2 that tells the tags from some time on.
struct Timed(Instant, Duration, Cell<usize>);

impl Fleet for Timed {
    async fn tags(&self, _: &str) -> Result<Tags, CloudError> {
        self.2.set(self.2.get() + 1);
        let there = self.0.elapsed() >= self.1;
        Ok(if there {
            super::tags(&MEMBER)
        } else {
            super::tags(&MEMBER[..1])
        })
    }

    async fn instances(&self, _: &str, _: &[String]) -> Result<aws::fleet::Word, CloudError> {
        unreachable!("identity needs no other instance")
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_ask_ec2_waits_for_metadata() {
    for answer in [
        Err(denied()),
        Err(CloudError::NoCredentials("no profile".to_owned())),
        Err(CloudError::Throttled {
            action: "ec2:DescribeTags",
        }),
    ] {
        let metadata = Later::new(&[
            (600, "swarm:role", "worker"),
            (620, "swarm:cluster", "demo"),
        ]);
        let ec2 = Ec2::new(vec![answer.clone()]);
        let (node, took, heard) = waited(&metadata, &ec2, &Settings::default()).await;
        assert!(is_member(&node), "{node:?}");
        assert!(took <= Duration::from_secs(620) + LOOK, "{took:?}");
        assert_eq!(heard.len(), 2, "said once each: {heard:?}");
        let asked = ec2.asked.get();
        let most = if matches!(answer, Err(CloudError::Throttled { .. })) {
            9
        } else {
            40
        };
        assert!(asked <= most, "{answer:?}: asked {asked} times");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_tag_ends_the_wait() {
    let metadata = Later::new(&[(0, "Name", "web"), (10, "swarm:role", "boss")]);
    let (node, took, _) = waited(&metadata, &Ec2::never(), &Settings::default()).await;
    assert!(
        matches!(node, Err(IdentifyError::WrongRole { .. })),
        "{node:?}"
    );
    assert!(took <= Duration::from_secs(10) + LOOK);
}

#[tokio::test(start_paused = true)]
async fn what_settings_say_is_not_waited_for() {
    let mut settings = Settings::default();
    settings.node.role = Some(Role::Worker);
    let metadata = Later::new(&[(0, "Name", "web"), (30, "swarm:cluster", "demo")]);
    let (node, took, heard) = waited(&metadata, &Ec2::never(), &settings).await;
    assert!(is_member(&node), "{node:?}");
    assert!(took >= Duration::from_secs(30), "for the other tag");
    assert_eq!(heard, ["cluster"]);
    settings.node.cluster = "demo".parse().ok();
    let metadata = Later::new(&[(0, "Name", "web")]);
    let (node, took, heard) = waited(&metadata, &Ec2::never(), &settings).await;
    assert!(is_member(&node), "{node:?}");
    assert_eq!((took, heard.len()), (Duration::ZERO, 0));
}

/// Metadata whose identity document is odd until some time.
struct Odd(Option<&'static str>, Instant);

impl Metadata for Odd {
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        let is_odd = path.starts_with("dynamic/") && self.1.elapsed() < Duration::from_secs(90);
        if is_odd {
            return Ok(self.0.map(str::to_owned));
        }
        Shows::instance().tags(&MEMBER).get(path).await
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_with_a_pause() {
    for (odd, part) in [
        (None, "it is not there (404)"),
        (Some("<html>gateway</html>"), "expected value"),
        (Some("[]"), "invalid type"),
        (Some("{\"instanceId\": \"i-0123"), "EOF"),
    ] {
        let (mut hears, begun) = (Hears::default(), Instant::now());
        let metadata = Odd(odd, begun);
        let settings = Settings::default();
        let node = identify(&metadata, |_| Ec2::never(), &settings, &mut hears).await;
        assert!(is_member(&node), "{node:?}");
        let took = begun.elapsed();
        assert!(took <= Duration::from_secs(90) + LOOK, "{took:?}");
        let texts = hears.texts.borrow();
        assert_eq!(texts.len(), 1, "said once: {texts:?}");
        assert!(texts[0].contains(part), "{texts:?}");
    }
    let text = IdentifyError::Fact(aws::imds::FactError::NotShown("x")).waiting();
    assert!(text.starts_with("trying again: cannot read x"), "{text}");
}

#[test]
fn news_is_told_once() {
    let mut told = Told::default();
    let (role, tags) = (
        IdentifyError::NoRole(ID.into()),
        IdentifyError::NoTags(ID.into()),
    );
    let noted: Vec<News> = [&tags, &tags, &role, &tags, &role, &role]
        .map(|why| told.note(why))
        .into();
    let expected = [
        News::First,
        News::Old,
        News::First,
        News::Changed,
        News::Changed,
        News::Old,
    ];
    assert_eq!(noted, expected);
}
