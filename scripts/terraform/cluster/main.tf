# A cluster, by the template that scripts/launch uses too: CloudFormation makes it, updates it a few instances at a time and
# deletes it in order; Terraform keeps the values.
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

resource "aws_cloudformation_stack" "cluster" {
  name          = var.cluster_name
  template_body = file("${path.module}/../../cloudformation/cluster.yaml")
  # The roles of managers and workers.
  capabilities = ["CAPABILITY_IAM"]
  tags         = { "swarm:cluster" = var.cluster_name }

  parameters = {
    ClusterName            = var.cluster_name
    VpcId                  = var.vpc_id
    SubnetIds              = join(",", var.subnet_ids)
    ImageId                = var.image_id
    ManagerInstanceType    = var.manager_instance_type
    ManagerCount           = var.manager_count
    WorkerInstanceType     = var.worker_instance_type
    WorkerCount            = var.worker_count
    WorkerMax              = var.worker_max
    OnDemandPercentage     = var.on_demand_percentage
    OnDemandBase           = var.on_demand_base
    WorkerInstanceType2    = var.worker_instance_type_2
    WorkerInstanceType3    = var.worker_instance_type_3
    WorkerInstanceType4    = var.worker_instance_type_4
    PublicCidr             = var.public_cidr
    PublicPort1            = var.public_port_1
    PublicPort2            = var.public_port_2
    PublicPort3            = var.public_port_3
    PublicPort4            = var.public_port_4
    Balancer               = var.balancer
    BalancerCidr           = var.balancer_cidr
    BalancerPort           = var.balancer_port
    BalancerCertificateArn = var.balancer_certificate_arn
    BalancerScheme         = var.balancer_scheme
    BalancerSubnetIds      = join(",", var.balancer_subnet_ids)
    LaunchingTimeout       = var.launching_timeout
    TerminatingTimeout     = var.terminating_timeout
    SessionManager         = var.session_manager
    LogRetentionDays       = var.log_retention_days
    InstanceMetadataTags   = var.instance_metadata_tags
    RootDeviceName         = var.root_device_name
    RootVolumeSize         = var.root_volume_size
    StackBucket            = var.stack_bucket
    UserData               = var.user_data
  }
}
