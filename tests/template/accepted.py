"""What the validators find and we keep, each with its reason. One that is found no more has to go from here."""

# Of ecr:GetAuthorizationToken; ECR knows no narrower resource for it.
_PASSWORD = "it is what the leader logs in to ECR with; the role may only pull"

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
