# shellcheck shell=bash
# What it costs: at most, beforehand, and so far, while it goes. In dollars, as AWS's prices are.
# shellcheck disable=SC2034,SC2154  # the options; other parts use what is set here

# List prices of us-east-1 as of November 2026, from memory and not looked up: to be checked on aws.amazon.com (EC2 on-demand
# pricing, EBS, VPC, KMS, FIS) before anybody rests on them. Other regions cost up to twice as much.
price_t3_small=0.0208 # an hour, on demand; spot is less
price_address=0.005   # an hour for each public IPv4 address
price_volume=0.08     # a month for a GiB of gp3
price_snapshot=0.05   # a month for a GiB
price_key=1           # a month for a key of KMS; one that is to be deleted costs nothing
price_experiment=0.10 # for each minute of an action of the Fault Injection Service

# Three managers, four workers, and one more of each while they are replaced.
instances_at_most=9
volume_gib=20
# What Packer's builder runs for, and an interruption takes.
builder_minutes=15 experiment_minutes=3

# What was begun so far besides instances.
besides=0
began=$SECONDS instance_seconds=0 counted_at=$SECONDS counted=0

# amount EXPRESSION: dollars, rounded up to a cent.
amount() {
  LC_ALL=C awk "BEGIN { x = ($1) * 100; c = int(x); if (x > c) c++; printf \"%.2f\", c / 100 }"
}

# What an instance costs an hour, with its volume and address; a month has 730 hours.
hour_of_one() {
  echo "($hourly + $price_address + $volume_gib * $price_volume / 730)"
}

cost_at_most() {
  local parts
  parts="$minutes / 60 * $instances_at_most * $(hour_of_one) + $(cost_of stack)"
  [ -n "$image" ] || parts+=" + $builder_minutes / 60 * $(hour_of_one) + $(cost_of image)"
  is_skipped spot || parts+=" + $(cost_of spot)"
  amount "$parts"
}

# What a step costs besides instances, for as long as the whole may take.
cost_of() {
  case $1 in
    image) echo "$price_snapshot * $volume_gib * $minutes / 60 / 730" ;;
    stack) echo "$price_key * $minutes / 60 / 730" ;;
    spot) echo "$price_experiment * $experiment_minutes" ;;
  esac
}

# count_instances N: so many run from now on.
count_instances() {
  instance_seconds=$((instance_seconds + counted * (SECONDS - counted_at)))
  counted=$1 counted_at=$SECONDS
}

cost_so_far() {
  count_instances "$counted"
  amount "$instance_seconds / 3600 * $(hour_of_one) + $besides"
}

# What the deletion at the end costs: it is kept back.
deletion_minutes=15

cost_of_deletion() {
  amount "$deletion_minutes / 60 * $instances_at_most * $(hour_of_one)"
}

# Why it has to stop; false while it may go on.
must_stop() {
  local cost
  cost=$(cost_so_far)
  if is_true "$((SECONDS - began)) > $minutes * 60"; then
    echo "it took $minutes minutes, as many as it was given"
  elif is_true "$cost + $(cost_of_deletion) > $budget"; then
    echo "it cost \$$cost by its own count, deleting costs \$$(cost_of_deletion) at most, and the budget is \$$budget"
  else
    return 1
  fi
}

is_true() {
  LC_ALL=C awk "BEGIN { exit !($1) }"
}
