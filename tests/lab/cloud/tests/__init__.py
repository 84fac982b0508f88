"""Tests of the control plane, against the real process on loopback.

    PYTHONPATH=tests/lab python -m unittest discover -s tests/lab/cloud/tests -t tests/lab
"""
