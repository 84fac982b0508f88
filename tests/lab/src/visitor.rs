//! A client in the VPC that is no instance, as a load balancer is one.

use std::time::Duration;

use anyhow::Result;

use crate::api::Lab;
use crate::net::in_hub;
use crate::sh::output;

impl Lab {
    /// What a web server of the lab's network answers, asked once and for so long at most.
    pub fn visit(&self, url: &str, limit: Duration) -> Result<String> {
        let limit = limit.as_secs_f64().to_string();
        output(in_hub("curl").args(["-sS", "--fail", "--max-time", &limit, url]))
    }
}
