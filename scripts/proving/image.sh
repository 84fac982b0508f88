# shellcheck shell=bash
# The image: one that is given, or one that Packer makes and that goes at the end. Its tag swarmlet:proof names the run.
# shellcheck disable=SC2034,SC2154  # the options, and what other parts have found and use

# The image that Packer starts from, by the owners and names of packer/build.pkr.hcl.
base_image() {
  local owner name id
  case $distribution in
    amazon-linux-2023) owner=137112412989 name='al2023-ami-2023.*-x86_64' ;;
    debian-12) owner=136693071363 name='debian-12-amd64-*' ;;
    debian-13) owner=136693071363 name='debian-13-amd64-*' ;;
    ubuntu-24.04) owner=099720109477 name='ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*' ;;
  esac
  ask id ec2 describe-images --owners "$owner" --filters "Name=name,Values=$name" \
    --query 'sort_by(Images,&CreationDate)[-1].ImageId' && [ -n "$id" ] && echo "$id"
}

step_image() {
  local told
  if [ -z "$image" ]; then
    besides+=" + $(cost_of image)"
    count_instances 1
    child build_image || { seen='Packer failed, see above'; return 1; }
    count_instances 0
    own_images told || told=''
    [ -n "$told" ] || { seen="Packer made no image: ${refusal:-there is none with its tag}"; return 1; }
    image=$told
  fi
  seen="the image $image"
}

build_image() {
  local source=$distribution-x86_64 settings=$scratch/proof.pkrvars.json
  "$here/stage" "$binary" "$scratch/stage/x86_64" || return
  printf '{"region":"%s","name":"%s","stage":"%s","manifests":"%s","subnet_id":"%s","tags":{"swarmlet:proof":"%s"}}\n' \
    "$region" "$cluster" "$scratch/stage" "$scratch/manifests" "${subnets%%,*}" "$cluster" >"$settings"
  mkdir -p "$scratch/manifests"
  cd "$here/../packer" || return
  packer init . && packer build -var-file="$settings" -only="*.$source" .
}

own_images() {
  ask "$1" ec2 describe-images --owners self --filters "Name=tag:swarmlet:proof,Values=$cluster" --query 'Images[].ImageId'
}

own_snapshots() {
  ask "$1" ec2 describe-snapshots --owner-ids self --filters "Name=tag:swarmlet:proof,Values=$cluster" \
    --query 'Snapshots[].SnapshotId'
}

own_security_groups() {
  ask "$1" ec2 describe-security-groups --filters "Name=tag:swarmlet:proof,Values=$cluster" --query 'SecurityGroups[].GroupId'
}

own_keys() {
  ask "$1" ec2 describe-key-pairs --filters "Name=tag:swarmlet:proof,Values=$cluster" --query 'KeyPairs[].KeyPairId'
}

# Packer's own, if it was interrupted before it ended it.
builders() {
  ask "$1" ec2 describe-instances --filters "Name=tag:swarmlet:proof,Values=$cluster" \
    Name=instance-state-name,Values=pending,running,stopping,stopped --query 'Reservations[].Instances[].InstanceId'
}

delete_images() {
  local ids
  if builders ids && [ -n "$ids" ]; then
    # shellcheck disable=SC2086  # a word each
    ask _ ec2 terminate-instances --instance-ids $ids || echo "cannot terminate $ids: $refusal" >&2
  fi
  delete_all_of image deregister-image --image-id own_images
  # Only now nobody uses them.
  delete_all_of snapshot delete-snapshot --snapshot-id own_snapshots
  # Of Packer's builder, if it was ended before it cleared up.
  delete_all_of 'security group' delete-security-group --group-id own_security_groups
  delete_all_of 'key pair' delete-key-pair --key-pair-id own_keys
}

# delete_all_of WHAT ACTION OPTION LIST
delete_all_of() {
  local ids id
  "$4" ids || ids=''
  for id in $ids; do
    if ask _ ec2 "$2" "$3" "$id"; then
      echo "deleted the $1 $id"
    else
      echo "cannot delete the $1 $id: $refusal" >&2
    fi
  done
}
