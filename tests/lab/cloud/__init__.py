"""The lab's control plane: moto with what it lacks, instance metadata, and an admin API, in one process.

Run it as ``python -m cloud``; ``__main__`` tells the options.
"""

import os
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"
PARTITION = "aws"

# moto reads these when it is first imported, so they are set before any module of this package imports it.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).with_name("amis.json"))
os.environ["MOTO_ENABLE_AMI_VALIDATION"] = "1"
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "1"
