# What all builders have in common. The build adds what differs by distribution and architecture.
# Apart from it, because older Packer does not take metadata_options and imds_support: the lab
# builds with a source of its own.
source "amazon-ebs" "node" {
  region      = var.region
  ami_regions = var.copy_to_regions
  subnet_id   = var.subnet_id

  iam_instance_profile    = var.instance_profile
  communicator            = "ssh"
  temporary_key_pair_type = "ed25519"

  # Version 2 of the metadata service only, on the builder and on all that is launched from the image.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  imds_support = "v2.0"

  run_tags        = merge(var.tags, { Name = "${var.name} image builder" })
  run_volume_tags = var.tags
  snapshot_tags   = local.tags
}
