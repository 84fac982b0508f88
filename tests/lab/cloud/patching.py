"""Changes to moto, made in one way: what is replaced must be there, so that a newer moto cannot pass unnoticed."""

from __future__ import annotations

from typing import Any


def replace(owner: Any, **attributes: Any) -> None:
    """Replaces attributes of one of moto's classes or modules."""
    for name, value in attributes.items():
        if not hasattr(owner, name):
            raise AttributeError(f"cannot change {owner.__name__}.{name}: this version of moto does not have it")
        setattr(owner, name, value)


def add(owner: Any, **attributes: Any) -> None:
    """Adds attributes that one of moto's classes lacks."""
    for name, value in attributes.items():
        if hasattr(owner, name):
            raise AttributeError(f"cannot add {owner.__name__}.{name}: this version of moto has its own")
        setattr(owner, name, value)
