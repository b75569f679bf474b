"""Who may do what: roles, permissions and one table between them."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["ROLES", "Permission", "Role", "allows", "is_role"]

Role = Literal["admin", "editor", "operator", "viewer", "sdk", "client"]
Permission = Literal["read", "flip", "edit", "admin", "stream", "ofrep"]
"""read: look. flip: on, off, kill, ramp, undo. edit: apply and import. admin: environments and
tokens. stream: the SDKs' stream and snapshot. ofrep: evaluate remotely."""

ROLES: tuple[Role, ...] = get_args(Role)

_GRANTS: dict[Role, frozenset[Permission]] = {
    "admin": frozenset({"read", "flip", "edit", "admin", "ofrep"}),
    "editor": frozenset({"read", "flip", "edit", "ofrep"}),
    "operator": frozenset({"read", "flip", "ofrep"}),
    "viewer": frozenset({"read", "ofrep"}),
    "sdk": frozenset({"stream", "ofrep"}),
    "client": frozenset({"ofrep"}),
}


def is_role(name: str) -> bool:
    """Whether there is a role of this name."""
    return name in ROLES


def allows(role: str, permission: Permission) -> bool:
    """Whether a token of this role may do it; an unknown role may do nothing."""
    return is_role(role) and permission in _GRANTS[role]  # type: ignore[index]  # checked by is_role
