"""`--security-opt` and the words for shared namespaces, as an operator types them."""

from pathlib import Path
from typing import Any

import pytest

from engine.cli.parse.security import parse_security
from engine.errors import InvalidInput


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], {}),
        (["no-new-privileges"], {"no_new_privileges": True}),
        (["no-new-privileges=false"], {"no_new_privileges": False}),
        (["no-new-privileges:true"], {"no_new_privileges": True}),
        (["seccomp=unconfined"], {"seccomp": "unconfined"}),
        (["seccomp:builtin"], {"seccomp": ""}),
        (["apparmor=mine"], {"apparmor": "mine"}),
        (["label=disable"], {}),
        (["label=type:spc_t", "label=level:s0:c1,c2"], {"selinux": "system_u:system_r:spc_t:s0:c1,c2"}),
        (["label=type:spc_t", "label=disable"], {}),
        (["mask=/a:/b", "mask=/c"], {"masked": ("/a", "/b", "/c")}),
        (["unmask=ALL"], {"unmasked": ("ALL",)}),
        (["systempaths=unconfined"], {"unmasked": ("ALL",)}),
    ],
)
def test_security_options_are_fields(texts: list[str], expected: dict[str, Any]) -> None:
    assert parse_security(texts) == expected


def test_a_policy_is_read_where_the_operator_is(tmp_path: Path) -> None:
    (tmp_path / "policy").write_text("{}")
    assert parse_security([f"seccomp={tmp_path}/policy"]) == {"seccomp": "{}"}


@pytest.mark.parametrize(
    "text",
    ["", "x=y", "seccomp", "seccomp=", "apparmor=", "no-new-privileges=no", "systempaths=x", "label=x:y", "label"],
)
def test_an_unknown_security_option_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_security([text])
