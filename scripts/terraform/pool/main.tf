# A pool of further workers for a cluster, by the template that scripts/launch uses too. Profile and security group are
# outputs of the cluster's module, so that Terraform makes the cluster first and ends the pool first.
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

resource "aws_cloudformation_stack" "pool" {
  name          = "${var.cluster_name}-pool-${var.pool_name}"
  template_body = file("${path.module}/../../cloudformation/pool.yaml")
  tags          = { "swarm:cluster" = var.cluster_name }

  parameters = {
    ClusterName           = var.cluster_name
    PoolName              = var.pool_name
    VpcId                 = var.vpc_id
    SubnetIds             = join(",", var.subnet_ids)
    WorkerProfileArn      = var.worker_profile_arn
    WorkerSecurityGroupId = var.worker_security_group_id
    ImageId               = var.image_id
    WorkerInstanceType    = var.worker_instance_type
    WorkerCount           = var.worker_count
    WorkerMax             = var.worker_max
    OnDemandPercentage    = var.on_demand_percentage
    OnDemandBase          = var.on_demand_base
    WorkerInstanceType2   = var.worker_instance_type_2
    WorkerInstanceType3   = var.worker_instance_type_3
    WorkerInstanceType4   = var.worker_instance_type_4
    Label1                = var.label_1
    Label2                = var.label_2
    Label3                = var.label_3
    Label4                = var.label_4
    LaunchingTimeout      = var.launching_timeout
    TerminatingTimeout    = var.terminating_timeout
    InstanceMetadataTags  = var.instance_metadata_tags
    RootDeviceName        = var.root_device_name
    RootVolumeSize        = var.root_volume_size
    UserData              = var.user_data
  }
}
