"""Tests of the control plane, against the real process on loopback.

Run them from the repository's root:
``PYTHONPATH=tests/lab python -m unittest discover -s tests/lab/cloud/tests -t tests/lab``
"""
