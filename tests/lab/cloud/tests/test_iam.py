"""The policy evaluator's rules."""

from __future__ import annotations

import unittest
from typing import Any

from cloud.iam import judge

TICKET = "arn:aws:ssm:us-east-1:123456789012:parameter/swarmlet/demo/ticket"


def policy(effect: str = "Allow", **rest: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": effect, "Action": "ssm:GetParameter", "Resource": "*"} | rest}


class Policies(unittest.TestCase):
    def judge(self, *policies: dict[str, Any], action: str = "ssm:GetParameter", **context: str) -> bool:
        named = {k.replace("__", ":"): v for k, v in context.items()}
        return judge(policies, action, TICKET, named).allowed

    def test_nothing_allows_nothing(self) -> None:
        self.assertFalse(self.judge())

    def test_an_explicit_deny_wins_in_any_order(self) -> None:
        self.assertTrue(self.judge(policy()))
        self.assertFalse(self.judge(policy(), policy("Deny")))
        self.assertFalse(self.judge(policy("Deny"), policy()))
        denied = judge([policy(), policy("Deny", Sid="Never")], "ssm:GetParameter", TICKET, {})
        self.assertEqual((denied.explicit, denied.statements), (True, ["Never"]))
        self.assertFalse(judge([], "ssm:GetParameter", TICKET, {}).explicit)

    def test_a_deny_holds_only_under_its_condition(self) -> None:
        never = policy("Deny", Condition={"StringEquals": {"ssm:Overwrite": ["true"]}})
        self.assertFalse(self.judge(policy(), never, ssm__Overwrite="true"))
        self.assertTrue(self.judge(policy(), never, ssm__Overwrite="false"))
        self.assertTrue(self.judge(policy(), never))

    def test_actions_match_whole_and_without_regard_to_case(self) -> None:
        self.assertTrue(self.judge(policy(Action="SSM:getparameter")))
        self.assertTrue(self.judge(policy(Action=["kms:*", "ssm:Get*"])))
        self.assertFalse(self.judge(policy(), action="ssm:GetParameters"))

    def test_resources_match_whole_and_with_regard_to_case(self) -> None:
        self.assertTrue(self.judge(policy(Resource=TICKET)))
        self.assertTrue(self.judge(policy(Resource=TICKET.replace("demo", "d?mo"))))
        self.assertFalse(self.judge(policy(Resource=TICKET.upper())))
        self.assertFalse(self.judge(policy(Resource=TICKET[:-1])))
        self.assertFalse(self.judge(policy(Resource=TICKET + "s")))
        # A dot in a pattern is a dot, not any character.
        self.assertFalse(judge([policy(Resource="a.c")], "ssm:GetParameter", "abc", {}).allowed)

    def test_the_negated_elements(self) -> None:
        self.assertFalse(self.judge({"Statement": [{"Effect": "Allow", "NotAction": "ssm:*", "Resource": "*"}]}))
        self.assertTrue(self.judge({"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": "*other*"}]}))

    def test_conditions(self) -> None:
        via = policy(Condition={"StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"}})
        self.assertTrue(self.judge(via, kms__ViaService="ssm.us-east-1.amazonaws.com"))
        self.assertFalse(self.judge(via, kms__ViaService="s3.us-east-1.amazonaws.com"))
        self.assertFalse(self.judge(via))
        self.assertTrue(self.judge(policy(Condition={"StringEqualsIfExists": {"a:b": "c"}})))
        self.assertTrue(self.judge(policy(Condition={"StringNotEquals": {"a:b": "c"}}), a__b="d"))
        self.assertFalse(self.judge(policy(Condition={"StringNotLike": {"a:b": "c*"}}), a__b="cd"))
        self.assertTrue(self.judge(policy(Condition={"Null": {"a:b": "true"}})))

    def test_an_unknown_condition_is_never_passed_over(self) -> None:
        with self.assertRaises(NotImplementedError):
            self.judge(policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), aws__SourceIp="10.0.0.1")


if __name__ == "__main__":
    unittest.main()
