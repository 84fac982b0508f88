# One image for each distribution and architecture, all by the same scripts. One of them:
#   packer build -only='*.debian-13-arm64' .

locals {
  stamp = formatdate("YYYYMMDD-hhmmss", timestamp())

  tags = merge(var.tags, {
    "swarmlet:version" = var.swarmlet_version
    "swarmlet:engine"  = var.engine == "boot" ? "installed at boot" : "baked ${var.engine_version}"
  })

  # The way in to a Debian machine, which has none of its own.
  ssm_agent = var.ssm_agent_version == "" ? "none" : var.ssm_agent_version

  # What the scripts are told, for both architectures.
  environment = [
    "SWARMLET_ENGINE=${var.engine}",
    "SWARMLET_ENGINE_VERSION=${var.engine_version}",
    "SWARMLET_COMPOSE_VERSION=${var.compose_version}",
    "SWARMLET_SSM_AGENT_VERSION=${var.ssm_agent_version}",
    "SWARMLET_SSM_AGENT_SOURCE=${var.ssm_agent_source}",
    "SWARMLET_IMAGES=${join(" ", var.images)}",
  ]

  # As root, and by bash itself: a folder for temporary files may forbid running what is in it.
  as_root = "sudo env {{ .Vars }} bash '{{ .Path }}'"
}

build {
  name = "swarmlet"

  source "amazon-ebs.node" {
    name            = "amazon-linux-2023-x86_64"
    ami_name        = "${var.name}-amazon-linux-2023-x86_64-${local.stamp}"
    ami_description = "Amazon Linux 2023 (x86_64) with swarmlet"
    instance_type   = var.instance_types["x86_64"]
    ssh_username    = "ec2-user"
    tags            = merge(local.tags, { "swarmlet:base" = "{{ .SourceAMIName }}", "swarmlet:ssm-agent" = "of the distribution" })

    source_ami_filter {
      filters     = { name = "al2023-ami-2023.*-x86_64", architecture = "x86_64", root-device-type = "ebs", virtualization-type = "hvm" }
      owners      = ["137112412989"]
      most_recent = true
    }

    launch_block_device_mappings {
      device_name           = "/dev/xvda"
      volume_type           = "gp3"
      volume_size           = var.volume_size
      iops                  = 3000
      throughput            = 125
      encrypted             = true
      kms_key_id            = var.kms_key
      delete_on_termination = true
    }
  }

  source "amazon-ebs.node" {
    name            = "amazon-linux-2023-arm64"
    ami_name        = "${var.name}-amazon-linux-2023-arm64-${local.stamp}"
    ami_description = "Amazon Linux 2023 (arm64) with swarmlet"
    instance_type   = var.instance_types["arm64"]
    ssh_username    = "ec2-user"
    tags            = merge(local.tags, { "swarmlet:base" = "{{ .SourceAMIName }}", "swarmlet:ssm-agent" = "of the distribution" })

    source_ami_filter {
      filters     = { name = "al2023-ami-2023.*-arm64", architecture = "arm64", root-device-type = "ebs", virtualization-type = "hvm" }
      owners      = ["137112412989"]
      most_recent = true
    }

    launch_block_device_mappings {
      device_name           = "/dev/xvda"
      volume_type           = "gp3"
      volume_size           = var.volume_size
      iops                  = 3000
      throughput            = 125
      encrypted             = true
      kms_key_id            = var.kms_key
      delete_on_termination = true
    }
  }

  source "amazon-ebs.node" {
    name            = "debian-12-x86_64"
    ami_name        = "${var.name}-debian-12-x86_64-${local.stamp}"
    ami_description = "Debian 12 (x86_64) with swarmlet"
    instance_type   = var.instance_types["x86_64"]
    ssh_username    = "admin"
    tags            = merge(local.tags, { "swarmlet:base" = "{{ .SourceAMIName }}", "swarmlet:ssm-agent" = local.ssm_agent })

    source_ami_filter {
      filters     = { name = "debian-12-amd64-*", architecture = "x86_64", root-device-type = "ebs", virtualization-type = "hvm" }
      owners      = ["136693071363"]
      most_recent = true
    }

    launch_block_device_mappings {
      device_name           = "/dev/xvda"
      volume_type           = "gp3"
      volume_size           = var.volume_size
      iops                  = 3000
      throughput            = 125
      encrypted             = true
      kms_key_id            = var.kms_key
      delete_on_termination = true
    }
  }

  source "amazon-ebs.node" {
    name            = "debian-12-arm64"
    ami_name        = "${var.name}-debian-12-arm64-${local.stamp}"
    ami_description = "Debian 12 (arm64) with swarmlet"
    instance_type   = var.instance_types["arm64"]
    ssh_username    = "admin"
    tags            = merge(local.tags, { "swarmlet:base" = "{{ .SourceAMIName }}", "swarmlet:ssm-agent" = local.ssm_agent })

    source_ami_filter {
      filters     = { name = "debian-12-arm64-*", architecture = "arm64", root-device-type = "ebs", virtualization-type = "hvm" }
      owners      = ["136693071363"]
      most_recent = true
    }

    launch_block_device_mappings {
      device_name           = "/dev/xvda"
      volume_type           = "gp3"
      volume_size           = var.volume_size
      iops                  = 3000
      throughput            = 125
      encrypted             = true
      kms_key_id            = var.kms_key
      delete_on_termination = true
    }
  }

  source "amazon-ebs.node" {
    name            = "debian-13-x86_64"
    ami_name        = "${var.name}-debian-13-x86_64-${local.stamp}"
    ami_description = "Debian 13 (x86_64) with swarmlet"
    instance_type   = var.instance_types["x86_64"]
    ssh_username    = "admin"
    tags            = merge(local.tags, { "swarmlet:base" = "{{ .SourceAMIName }}", "swarmlet:ssm-agent" = local.ssm_agent })

    source_ami_filter {
      filters     = { name = "debian-13-amd64-*", architecture = "x86_64", root-device-type = "ebs", virtualization-type = "hvm" }
      owners      = ["136693071363"]
      most_recent = true
    }

    launch_block_device_mappings {
      device_name           = "/dev/xvda"
      volume_type           = "gp3"
      volume_size           = var.volume_size
      iops                  = 3000
      throughput            = 125
      encrypted             = true
      kms_key_id            = var.kms_key
      delete_on_termination = true
    }
  }

  source "amazon-ebs.node" {
    name            = "debian-13-arm64"
    ami_name        = "${var.name}-debian-13-arm64-${local.stamp}"
    ami_description = "Debian 13 (arm64) with swarmlet"
    instance_type   = var.instance_types["arm64"]
    ssh_username    = "admin"
    tags            = merge(local.tags, { "swarmlet:base" = "{{ .SourceAMIName }}", "swarmlet:ssm-agent" = local.ssm_agent })

    source_ami_filter {
      filters     = { name = "debian-13-arm64-*", architecture = "arm64", root-device-type = "ebs", virtualization-type = "hvm" }
      owners      = ["136693071363"]
      most_recent = true
    }

    launch_block_device_mappings {
      device_name           = "/dev/xvda"
      volume_type           = "gp3"
      volume_size           = var.volume_size
      iops                  = 3000
      throughput            = 125
      encrypted             = true
      kms_key_id            = var.kms_key
      delete_on_termination = true
    }
  }

  source "amazon-ebs.node" {
    name            = "ubuntu-24.04-x86_64"
    ami_name        = "${var.name}-ubuntu-24.04-x86_64-${local.stamp}"
    ami_description = "Ubuntu 24.04 (x86_64) with swarmlet"
    instance_type   = var.instance_types["x86_64"]
    ssh_username    = "ubuntu"
    tags            = merge(local.tags, { "swarmlet:base" = "{{ .SourceAMIName }}", "swarmlet:ssm-agent" = "of the distribution" })

    source_ami_filter {
      filters     = { name = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*", architecture = "x86_64", root-device-type = "ebs", virtualization-type = "hvm" }
      owners      = ["099720109477"]
      most_recent = true
    }

    launch_block_device_mappings {
      device_name           = "/dev/sda1"
      volume_type           = "gp3"
      volume_size           = var.volume_size
      iops                  = 3000
      throughput            = 125
      encrypted             = true
      kms_key_id            = var.kms_key
      delete_on_termination = true
    }
  }

  source "amazon-ebs.node" {
    name            = "ubuntu-24.04-arm64"
    ami_name        = "${var.name}-ubuntu-24.04-arm64-${local.stamp}"
    ami_description = "Ubuntu 24.04 (arm64) with swarmlet"
    instance_type   = var.instance_types["arm64"]
    ssh_username    = "ubuntu"
    tags            = merge(local.tags, { "swarmlet:base" = "{{ .SourceAMIName }}", "swarmlet:ssm-agent" = "of the distribution" })

    source_ami_filter {
      filters     = { name = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*", architecture = "arm64", root-device-type = "ebs", virtualization-type = "hvm" }
      owners      = ["099720109477"]
      most_recent = true
    }

    launch_block_device_mappings {
      device_name           = "/dev/sda1"
      volume_type           = "gp3"
      volume_size           = var.volume_size
      iops                  = 3000
      throughput            = 125
      encrypted             = true
      kms_key_id            = var.kms_key
      delete_on_termination = true
    }
  }

  provisioner "shell" {
    execute_command = local.as_root
    script          = "${path.root}/provision/00-builder.sh"
  }

  provisioner "file" {
    only        = ["amazon-ebs.amazon-linux-2023-x86_64", "amazon-ebs.debian-12-x86_64", "amazon-ebs.debian-13-x86_64", "amazon-ebs.ubuntu-24.04-x86_64"]
    source      = "${var.stage}/x86_64/"
    destination = "/tmp/swarmlet/"
  }

  provisioner "shell" {
    only             = ["amazon-ebs.amazon-linux-2023-x86_64", "amazon-ebs.debian-12-x86_64", "amazon-ebs.debian-13-x86_64", "amazon-ebs.ubuntu-24.04-x86_64"]
    execute_command  = local.as_root
    environment_vars = concat(local.environment, ["SWARMLET_SHA256=${var.swarmlet_sha256["x86_64"]}", "SWARMLET_COMPOSE_SHA256=${var.compose_sha256["x86_64"]}"])
    scripts = [
      "${path.root}/provision/10-engine.sh",
      "${path.root}/provision/20-swarmlet.sh",
      "${path.root}/provision/25-session.sh",
      "${path.root}/provision/30-images.sh",
      "${path.root}/provision/80-manifest.sh",
    ]
  }

  provisioner "file" {
    only        = ["amazon-ebs.amazon-linux-2023-arm64", "amazon-ebs.debian-12-arm64", "amazon-ebs.debian-13-arm64", "amazon-ebs.ubuntu-24.04-arm64"]
    source      = "${var.stage}/arm64/"
    destination = "/tmp/swarmlet/"
  }

  provisioner "shell" {
    only             = ["amazon-ebs.amazon-linux-2023-arm64", "amazon-ebs.debian-12-arm64", "amazon-ebs.debian-13-arm64", "amazon-ebs.ubuntu-24.04-arm64"]
    execute_command  = local.as_root
    environment_vars = concat(local.environment, ["SWARMLET_SHA256=${var.swarmlet_sha256["arm64"]}", "SWARMLET_COMPOSE_SHA256=${var.compose_sha256["arm64"]}"])
    scripts = [
      "${path.root}/provision/10-engine.sh",
      "${path.root}/provision/20-swarmlet.sh",
      "${path.root}/provision/25-session.sh",
      "${path.root}/provision/30-images.sh",
      "${path.root}/provision/80-manifest.sh",
    ]
  }

  # What is in the image, for whoever keeps a list of images.
  provisioner "file" {
    direction   = "download"
    source      = "/usr/share/swarmlet/manifest.json"
    destination = "${var.manifests}/${source.name}.json"
  }

  # The last: afterwards nobody can log in.
  provisioner "shell" {
    execute_command = local.as_root
    script          = "${path.root}/provision/90-seal.sh"
  }

  post-processor "manifest" {
    output     = "${var.manifests}/packer.json"
    strip_path = true
    custom_data = {
      swarmlet = var.swarmlet_version
      engine   = var.engine == "boot" ? "boot" : "baked ${var.engine_version}"
      compose  = var.compose_version
      ssm      = local.ssm_agent
      images   = join(" ", var.images)
    }
  }
}
