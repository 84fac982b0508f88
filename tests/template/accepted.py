"""What the validators find and we keep, each with its reason. One that is found no more has to go from here."""

# Of ecr:GetAuthorizationToken; ECR knows no narrower resource for it.
_PASSWORD = "it is what the leader logs in to ECR with; the role may only pull"
_BALANCING = "AWS::ElasticLoadBalancingV2"
_PLAIN = "a balancer without a certificate speaks what it is asked to; with one it is TLS 1.2 and 1.3, by a test"

# By tool, then by finding and where it is.
ACCEPTED: dict[str, dict[tuple[str, str], str]] = {
    "cfn-lint": {
        ("I4010", "Metadata"): "blocks for machines that say what comments and descriptions say already",
        ("I4010", "Resources"): "the same, for each resource",
    },
    "checkov": {
        ("CKV_AWS_158", "AWS::Logs::LogGroup.LogGroup"): (
            "services' logs are encrypted by CloudWatch; a key of one's own would have to be opened to the logs service"
        ),
        ("CKV_AWS_2", f"{_BALANCING}::Listener.BalancerListener"): _PLAIN,
        ("CKV_AWS_103", f"{_BALANCING}::Listener.BalancerListener"): _PLAIN,
        ("CKV_AWS_91", f"{_BALANCING}::LoadBalancer.LoadBalancer"): (
            "logs of requests need a bucket that lets AWS write; who wants them has one, and sets the attribute"
        ),
        ("CKV_AWS_23", "AWS::EC2::SecurityGroup.BalancerSecurityGroup"): (
            "each rule has a description; one of them is there by condition, which checkov does not look into"
        ),
    },
    "cloudsplaining": {
        ("credentials exposure: ecr:GetAuthorizationToken", "ManagerRole swarmlet"): _PASSWORD,
        ("credentials exposure: ecr:GetAuthorizationToken", "manager.json"): _PASSWORD,
    },
    "parliament": {
        ("CREDENTIALS_EXPOSURE", "ManagerRole swarmlet"): _PASSWORD,
        ("CREDENTIALS_EXPOSURE", "manager.json"): _PASSWORD,
    },
}
