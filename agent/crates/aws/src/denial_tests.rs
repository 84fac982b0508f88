use super::*;

const USER: &str = "User: arn:aws:sts::1:assumed-role/worker/i-1 is not authorized to perform: ";

fn text(action: &str, message: &str) -> String {
    let read = read(action, message);
    let (action, on) = (
        read.action.unwrap_or(action),
        read.resource.unwrap_or("/asked"),
    );
    format!("{action} on {on} is denied{}", read.why)
}

#[test]
fn each_kind_of_policy_is_named_with_who_can_change_it() {
    for (why, advice) in [
        (
            "with an explicit deny in a service control policy",
            "is denied (an explicit deny in a service control policy): the account's organization forbids it",
        ),
        (
            "because no service control policy allows the ssm:PutParameter action",
            "is denied (no service control policy allows the ssm:PutParameter action): the account's organization",
        ),
        (
            "with an explicit deny in a resource control policy: arn:aws:organizations::1:policy/o-1/p-1",
            "policy/o-1/p-1): the organization of what is asked for forbids it",
        ),
        (
            "because no VPC endpoint policy allows the ssm:PutParameter action",
            "(no VPC endpoint policy allows the ssm:PutParameter action): allow it in the policy of the VPC endpoint",
        ),
        (
            "with an explicit deny in a VPC endpoint policy",
            "(an explicit deny in a VPC endpoint policy): allow it in the policy of the VPC endpoint",
        ),
        (
            "because no permissions boundary allows the ssm:PutParameter action",
            "allow it in the permissions boundary",
        ),
        (
            "with an explicit deny in a permissions boundary",
            "allow it in the permissions boundary",
        ),
        (
            "because no session policy allows the ssm:PutParameter action",
            "allow it in the session policy",
        ),
        (
            "because no resource-based policy allows the ssm:PutParameter action",
            "change the policy of that resource itself",
        ),
        (
            "with an explicit deny in an identity-based policy",
            "take the deny out of the policies of the instance's role",
        ),
        (
            "because no identity-based policy allows the ssm:PutParameter action",
            "is denied: allow it in the IAM policy of the instance's role",
        ),
        (
            "because no starship policy allows the ssm:PutParameter action",
            "(no starship policy allows the ssm:PutParameter action): change the policy that AWS names",
        ),
    ] {
        let message = format!("{USER}ssm:PutParameter on resource: arn:aws:ssm:r:1:p {why}");
        let text = text("ssm:PutParameter", &message);
        assert!(
            text.starts_with("ssm:PutParameter on arn:aws:ssm:r:1:p is denied"),
            "{text}"
        );
        assert!(text.contains(advice), "{text}");
    }
}

#[test]
fn a_denial_names_the_action_that_is_really_missing() {
    let message = format!(
        "{USER}kms:Decrypt on resource: arn:aws:kms:r:1:key/k because no identity-based policy allows the kms:Decrypt \
         action (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)"
    );
    let expected = "kms:Decrypt on arn:aws:kms:r:1:key/k is denied: allow it in the IAM policy of the instance's role";
    assert_eq!(text("ssm:GetParameter", &message), expected);
}

#[test]
fn ec2_names_no_resource_and_adds_a_code_that_nobody_can_read() {
    let message = format!(
        "You are not authorized to perform this operation. {USER}ec2:DescribeInstances with an explicit deny in a \
         service control policy. Encoded authorization failure message: AbCdEf"
    );
    let text = text("ec2:DescribeInstances", &message);
    let expected = "ec2:DescribeInstances on /asked is denied (an explicit deny in a service control policy): ";
    assert!(text.starts_with(expected), "{text}");
    assert!(!text.contains("AbCdEf"), "{text}");
}

#[test]
fn a_message_without_a_reason_is_told_as_it_is() {
    let text = text("ssm:GetParameter", "Not today.");
    let expected = "ssm:GetParameter on /asked is denied (Not today): allow it in the IAM policy of the instance's role";
    assert_eq!(text, expected);
}

#[test]
fn s3_does_not_say_whether_there_is_such_an_object() {
    let listing = format!(
        "{USER}s3:ListBucket on resource: \"arn:aws:s3:::b\" because no identity-based policy allows the s3:ListBucket \
         action"
    );
    for message in ["Access Denied", "", &listing] {
        let text = text("s3:GetObject", message);
        let start = "s3:GetObject on /asked is denied, or not there";
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains(": look at the key first"), "{text}");
    }
    let named = format!(
        "{USER}s3:GetObject on resource: \"arn:aws:s3:::b/k\" because no identity-based policy allows the s3:GetObject action"
    );
    let expected = "s3:GetObject on arn:aws:s3:::b/k is denied: allow it in the IAM policy of the instance's role";
    assert_eq!(text("s3:GetObject", &named), expected);
}

#[test]
fn an_objects_key_is_another_thing_than_the_object() {
    let message = format!(
        "{USER}kms:Decrypt on resource: arn:aws:kms:r:1:key/k because no resource-based policy allows the kms:Decrypt action"
    );
    let text = text("s3:GetObject", &message);
    assert!(
        text.starts_with("kms:Decrypt on arn:aws:kms:r:1:key/k is denied (no resource-based"),
        "{text}"
    );
    assert!(text.contains("allow kms:Decrypt on that key"), "{text}");
}
