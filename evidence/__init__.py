"""Proof that recordings are what they were: manifests are sealed, days are anchored (STO-4).

`offline/verify_evidence.py` defines what is hashed and signed; it also travels in every package.
"""
