"""Requests and answers, held against AWS's own models of its APIs, as botocore has them."""
