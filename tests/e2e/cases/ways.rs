//! Ways to AWS: an endpoint for each service, and a proxy where nothing else leads out.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, Lab, Role, wait_until};

use super::late_tags::{JOINED, formed, launch};
use super::support::{agent_is_ready, booted, unit};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "ways::an_endpoint_for_each_service",
        run: endpoints,
    },
    Case {
        name: "ways::a_proxy_that_looks_into_everything",
        run: tunnel,
    },
    Case {
        name: "ways::a_proxy_that_wants_a_password",
        run: forward,
    },
];

const PROXY: &str = include_str!("proxy.py");
const PORT: &str = "3128";
/// Where the lab has all of AWS.
const AWS: &str = "10.98.0.1:4566";
/// An authority, and a server that it has signed for AWS's names in this region.
const CERTIFICATES: &str = "set -e; mkdir -p /root/proxy; cd /root/proxy
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=inspection -keyout ca.key -out ca.pem 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=proxy -keyout server.key -out server.csr 2>/dev/null
    printf 'subjectAltName=DNS:*.us-east-1.amazonaws.com\\n' >san
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -extfile san -out server.pem 2>/dev/null";
const NO_OTHER_WAY: &str = "iptables -A OUTPUT -p tcp -d 10.98.0.1 --dport 4566 -j REJECT";

/// A machine of nobody's, which leads to AWS.
struct Proxy {
    id: String,
    address: String,
    authority: String,
}

impl Proxy {
    fn start(lab: &Lab, profile: &str, login: Option<&str>) -> Result<Self> {
        let id = launch(lab, profile, &[("Name", "proxy")], true)?;
        booted(lab, &id)?;
        lab.exec(&id, &["sh", "-c", CERTIFICATES])?.ok()?;
        let put = ["sh", "-c", "cat >/root/proxy/proxy.py"];
        lab.exec_with_input(&id, &put, PROXY)?.ok()?;
        let unit = [
            "systemd-run",
            "--unit=proxy",
            "--working-directory=/root/proxy",
        ];
        let program = ["python3", "proxy.py", PORT, AWS];
        lab.exec(&id, &[&unit[..], &program, login.as_slice()].concat())?
            .ok()?;
        wait_until("the proxy listens", Duration::from_secs(20), || {
            let ask = ["curl", "-s", "-o", "/dev/null", "http://127.0.0.1:3128/"];
            let answer = lab.exec(&id, &ask)?;
            ensure!(answer.status != 7, "nobody listens");
            Ok(())
        })?;
        let authority = lab.exec(&id, &["cat", "/root/proxy/ca.pem"])?.ok()?;
        let address = format!("{}:{PORT}", lab.instance(&id)?.address);
        Ok(Self {
            id,
            address,
            authority,
        })
    }

    /// All that it was asked.
    fn asked(&self, lab: &Lab) -> Result<String> {
        let words = ["journalctl", "--no-pager", "-o", "cat", "-u", "proxy"];
        lab.exec(&self.id, &words)?.ok()
    }
}

/// A machine without tags yet, whose agent is started anew with this environment.
fn stranger(lab: &Lab, profile: &str, prepare: &str, environment: &str) -> Result<String> {
    let id = launch(lab, profile, &[("Name", "behind")], true)?;
    wait_until("it waits for its tags", JOINED, || {
        let said = unit(lab, &id, "swarmlet-prepare.service", "StatusText")?;
        ensure!(said.contains("waiting for"), "it says {said:?}");
        Ok(())
    })?;
    booted(lab, &id)?;
    lab.exec(&id, &["sh", "-c", prepare])?.ok()?;
    let put = ["sh", "-c", "cat >/etc/swarmlet/environment"];
    lab.exec_with_input(&id, &put, environment)?.ok()?;
    let units = ["swarmlet-prepare.service", "swarmlet.service"];
    let restart = ["systemctl", "restart", "--no-block"];
    lab.exec(&id, &[&restart[..], &units].concat())?.ok()?;
    Ok(id)
}

fn joins(lab: &Lab, cluster: &Cluster, id: &str) -> Result<()> {
    lab.tag(id, "swarm:role", Role::Worker.name())?;
    lab.tag(id, "swarm:cluster", cluster.name())?;
    cluster.wait_whole(Duration::from_mins(1))?;
    wait_until("the agent is ready", JOINED, || agent_is_ready(lab, id))
}

fn doctor(lab: &Lab, id: &str) -> Result<String> {
    let told = lab.exec(id, &["swarmlet", "doctor"])?;
    Ok(told.stdout)
}

fn contains(text: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(text.contains(part), "no {part:?} in {text}");
    }
    Ok(())
}

/// None for all of them, and none for S3 and ECR: a worker needs neither.
fn endpoints(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "endpoints")?;
    let each = ["SSM", "EC2", "AUTO_SCALING"];
    let lines = each.map(|service| format!("AWS_ENDPOINT_URL_{service}=http://{AWS}\n"));
    let id = stranger(lab, &profile, "true", &lines.concat())?;
    joins(lab, &cluster, &id)?;
    let told = doctor(lab, &id)?;
    let own = format!("answers at http://{AWS}");
    ensure!(told.matches(&own).count() == 3, "{told}");
    contains(
        &told,
        &["https://s3.us-east-1.amazonaws.com", "only stacks need it"],
    )?;

    // The name of the service wins, and both are void where they are to be ignored.
    let wrong = format!("AWS_ENDPOINT_URL=http://127.0.0.1:9\n{}", lines.concat());
    let put = ["sh", "-c", "cat >/etc/swarmlet/environment"];
    lab.exec_with_input(&id, &put, &wrong)?.ok()?;
    ensure!(doctor(lab, &id)?.matches(&own).count() == 3);
    let ignored = format!("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true\n{wrong}");
    lab.exec_with_input(&id, &put, &ignored)?.ok()?;
    contains(&doctor(lab, &id)?, &["https://ssm.us-east-1.amazonaws.com"])?;
    lab.terminate(&id)?;
    cluster.delete()
}

/// AWS's own names, which nothing here resolves but the proxy, and an authority of the company's.
fn tunnel(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "tunnel")?;
    let proxy = Proxy::start(lab, &profile, None)?;
    let environment = format!(
        "HTTPS_PROXY=http://{}\nNO_PROXY=169.254.169.254,localhost\nAWS_CA_BUNDLE=/etc/swarmlet/inspection.pem\n",
        proxy.address
    );
    let authority = format!(
        "cat >/etc/swarmlet/inspection.pem <<'END'\n{}END\n",
        proxy.authority
    );
    let prepare = format!("{NO_OTHER_WAY}\n{authority}");
    let id = stranger(lab, &profile, &prepare, &environment)?;
    joins(lab, &cluster, &id)?;
    let told = doctor(lab, &id)?;
    let through = format!("through the proxy http://{}", proxy.address);
    let ssm = format!("answers at https://ssm.us-east-1.amazonaws.com {through}");
    contains(
        &told,
        &[&ssm, "the authorities of /etc/swarmlet/inspection.pem"],
    )?;
    let put = ["sh", "-c", "cat >/etc/swarmlet/environment"];
    let fips = format!("{environment}AWS_USE_FIPS_ENDPOINT=True\n");
    lab.exec_with_input(&id, &put, &fips)?.ok()?;
    let told = doctor(lab, &id)?;
    let ssm = format!("answers at https://ssm-fips.us-east-1.amazonaws.com {through}");
    contains(&told, &[&ssm, "FIPS, "])?;
    let asked = proxy.asked(lab)?;
    contains(&asked, &["CONNECT ssm.us-east-1.amazonaws.com:443 200"])?;
    ensure!(
        !asked.contains("169.254"),
        "metadata was asked of it: {asked}"
    );

    // Without the authority it is not believed, and the doctor says what to do.
    let unknown = environment.replace("AWS_CA_BUNDLE", "OTHER");
    lab.exec_with_input(&id, &put, &unknown)?.ok()?;
    contains(&doctor(lab, &id)?, &["certificate", "AWS_CA_BUNDLE in"])?;
    for id in [&id, &proxy.id] {
        lab.terminate(id)?;
    }
    cluster.delete()
}

/// Addresses that begin with `http://`, and a login that nobody sees.
fn forward(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "forward")?;
    let proxy = Proxy::start(lab, &profile, Some("me:hush@me"))?;
    let to = |login: &str| {
        let address = &proxy.address;
        format!("AWS_ENDPOINT_URL=http://{AWS}\nhttp_proxy=http://{login}{address}\n")
    };
    let known = to("me:hush%40me@");
    let id = stranger(lab, &profile, NO_OTHER_WAY, &known)?;
    joins(lab, &cluster, &id)?;
    let told = doctor(lab, &id)?;
    let way = format!(
        "answers at http://{AWS} through the proxy http://{}",
        proxy.address
    );
    contains(&told, &[&way])?;
    let asked = proxy.asked(lab)?;
    contains(&asked, &[&format!("POST http://{AWS}/ 200")])?;
    ensure!(
        !asked.contains("169.254"),
        "metadata was asked of it: {asked}"
    );
    let shown = lab.exec(&id, &["swarmlet", "config", "show"])?.ok()?;
    contains(&shown, &["[hidden]@", "environment variable http_proxy"])?;
    let journal = lab.exec(&id, &["journalctl", "--no-pager", "-u", "swarmlet*"])?;
    for said in [&told, &shown, &journal.stdout] {
        ensure!(!said.contains("hush"), "{said}");
    }

    let put = ["sh", "-c", "cat >/etc/swarmlet/environment"];
    lab.exec_with_input(&id, &put, &to(""))?.ok()?;
    contains(&doctor(lab, &id)?, &["the proxy answers 407"])?;
    for id in [&id, &proxy.id] {
        lab.terminate(id)?;
    }
    cluster.delete()
}
