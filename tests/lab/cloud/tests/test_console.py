"""The console of an instance is what its machine has written."""

from __future__ import annotations

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from .harness import BAKED, Cloud


class Console(unittest.TestCase):
    """Asked for as on EC2."""

    def test_shows_the_latest_of_what_the_machine_wrote(self) -> None:
        with TemporaryDirectory() as machines:
            cloud = Cloud("--machines", machines)
            self.addCleanup(cloud.stop)
            ec2 = cloud.client("ec2")
            (launched,) = ec2.run_instances(ImageId=BAKED, MinCount=1, MaxCount=1)["Instances"]
            instance = launched["InstanceId"]
            self.assertEqual(ec2.get_console_output(InstanceId=instance).get("Output", ""), "")
            folder = Path(machines) / instance
            folder.mkdir()
            (folder / "console.log").write_bytes(b"early" + b"x" * 65530 + b"login:")
            shown = ec2.get_console_output(InstanceId=instance)["Output"]
            self.assertEqual((len(shown), shown[-6:]), (65536, "login:"))


if __name__ == "__main__":
    unittest.main()
