"""The AWS command line, whose output may go unread: ``python -m cloud.aws ec2 describe-instances | head -1``."""

from __future__ import annotations

import sys

from awscli.clidriver import main

from . import unread

if __name__ == "__main__":
    unread.install()
    sys.exit(main())
