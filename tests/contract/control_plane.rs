//! A control plane of its own for one test, on loopback.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use lab::{Admin, Paths};

/// The bucket whose objects managers may read.
pub(crate) const STACK_BUCKET: &str = "stacks";

const JOURNAL: &str = "requests.jsonl";

pub(crate) struct ControlPlane {
    process: Child,
    pub(crate) admin: Admin,
    pub(crate) api: String,
    pub(crate) imds: String,
    paths: Paths,
    folder: tempfile::TempDir,
}

impl ControlPlane {
    pub(crate) fn start() -> Result<Self> {
        let paths = Paths::from_env()?;
        let python = paths.cache.join("venv/bin/python");
        ensure!(
            python.exists(),
            "cannot find {}: run scripts/bootstrap",
            python.display()
        );
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("admin.sock");
        let mut process = Command::new(python)
            .args([
                "-m",
                "cloud",
                "--api",
                "127.0.0.1:0",
                "--imds",
                "127.0.0.1:0",
                "--admin",
            ])
            .arg(&socket)
            .arg("--journal")
            .arg(folder.path().join(JOURNAL))
            .env("PYTHONPATH", paths.root.join("tests/lab"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut ready = String::new();
        let output = process.stdout.take().context("no standard output")?;
        BufReader::new(output).read_line(&mut ready)?;
        let word = |key: &str| {
            let value = ready
                .split_whitespace()
                .find_map(|word| word.strip_prefix(key));
            value
                .map(str::to_owned)
                .with_context(|| format!("no {key} in {ready:?}"))
        };
        Ok(Self {
            api: format!("http://{}", word("api=")?),
            imds: format!("http://{}", word("imds=")?),
            admin: Admin::new(socket),
            process,
            paths,
            folder,
        })
    }

    /// Every request, and every answer, was as AWS's own models have it.
    fn fits_models(&self) {
        let journal = self.folder.path().join(JOURNAL);
        let lines = std::fs::read_to_string(journal).expect("the journal is there");
        let misfits: Vec<&str> = lines
            .lines()
            .filter(|line| line.contains(r#""misfits":["""#))
            .collect();
        assert!(
            misfits.is_empty(),
            "not as AWS's models have it: {misfits:#?}"
        );
    }

    /// The command line of AWS, as the account's administrator.
    fn aws(&self) -> Command {
        let mut command = Command::new(self.paths.cache.join("venv/bin/aws"));
        command
            .env("AWS_ENDPOINT_URL", &self.api)
            .env("AWS_ACCESS_KEY_ID", "lab")
            .env("AWS_SECRET_ACCESS_KEY", "lab")
            .env("AWS_DEFAULT_REGION", lab::aws::REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// What the administrator is told.
    pub(crate) fn told(&self, words: &[&str]) -> Result<String> {
        let output = self.aws().args(words).output()?;
        good(&output)?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Something that the administrator does.
    pub(crate) fn administer(&self, words: &[&str]) -> Result<()> {
        good(&self.aws().args(words).output()?)
    }

    /// Something that the administrator of another account does.
    pub(crate) fn do_as_a_stranger(&self, words: &[&str]) -> Result<()> {
        let mut command = self.aws();
        for key in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command.env(key, "stranger");
        }
        good(&command.args(words).output()?)
    }

    /// The primary network interface of an instance.
    pub(crate) fn interface(&self, instance: &str) -> Result<String> {
        let query = "Reservations[0].Instances[0].NetworkInterfaces[0].NetworkInterfaceId";
        let words = ["ec2", "describe-instances", "--instance-ids", instance];
        self.told(&[&words[..], &["--output", "text", "--query", query]].concat())
    }

    /// A cluster of one manager and one worker, from the template; their instance ids.
    pub(crate) fn cluster(&self, name: &str) -> Result<(String, String)> {
        let health = self.admin.health()?;
        let parameters = [
            ("ClusterName", name.to_owned()),
            ("VpcId", health.vpc_id),
            ("SubnetIds", health.subnet_ids.join("\\,")),
            ("ImageId", health.images.baked),
            ("ManagerCount", "1".to_owned()),
            ("WorkerCount", "1".to_owned()),
            ("StackBucket", STACK_BUCKET.to_owned()),
        ];
        let template = self.paths.root.join("scripts/cloudformation/cluster.yaml");
        let output = self
            .aws()
            .args(["cloudformation", "create-stack", "--stack-name", name])
            .args(["--capabilities", "CAPABILITY_NAMED_IAM", "--template-body"])
            .arg(format!("file://{}", template.display()))
            .arg("--parameters")
            .args(parameters.map(|(k, v)| format!("ParameterKey={k},ParameterValue={v}")))
            .output()?;
        good(&output)?;
        let instances = self.admin.instances()?;
        let one = |role: &str| {
            let found = instances.iter().find(|i| i.tag("swarm:role") == Some(role));
            found
                .map(|i| i.id.clone())
                .with_context(|| format!("no {role}"))
        };
        Ok((one("manager")?, one("worker")?))
    }
}

fn good(output: &std::process::Output) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    Ok(())
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // It has nothing to save, and may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if !std::thread::panicking() {
            self.fits_models();
        }
    }
}
