"""Roles: the whole table, so that a change to it is seen."""

from __future__ import annotations

from typing import get_args

import pytest

from flaghoist_server.change.roles import ROLES, Permission, allows, is_role

MAY = {
    "admin": {"read", "flip", "edit", "admin", "ofrep"},
    "editor": {"read", "flip", "edit", "ofrep"},
    "operator": {"read", "flip", "ofrep"},
    "viewer": {"read", "ofrep"},
    "sdk": {"stream", "ofrep"},
    "client": {"ofrep"},
    "root": set(),
    "": set(),
}


@pytest.mark.parametrize("role", MAY)
def test_what_a_role_may_do(role: str) -> None:
    """Everything in its row, and nothing else."""
    granted = {permission for permission in get_args(Permission) if allows(role, permission)}

    assert MAY[role] == granted


def test_the_table_has_every_role() -> None:
    """And unknown names are none."""
    assert set(ROLES) == {role for role in MAY if is_role(role)}
