# What all builders have in common in the lab, in place of packer/source.pkr.hcl: the endpoint of
# its EC2, the address that ssh reaches, and nothing that Packer 1.6 does not know.
source "amazon-ebs" "node" {
  region    = var.region
  subnet_id = var.subnet_id

  custom_endpoint_ec2     = "http://10.98.0.1:4566"
  skip_region_validation  = true
  skip_metadata_api_check = true

  communicator  = "ssh"
  ssh_interface = "private_ip"
  ssh_timeout   = "1m"

  aws_polling {
    delay_seconds = 1
    max_attempts  = 120
  }

  run_tags        = merge(var.tags, { Name = "${var.name} image builder" })
  run_volume_tags = var.tags
  snapshot_tags   = local.tags
}
