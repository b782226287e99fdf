"""Options of whatever speaks to a registry or writes layers."""

import os
from argparse import Namespace
from typing import Any, Final

from engine.cli.arguments import Parser

COMPRESSIONS: Final = ("gzip", "zstd", "none")


def add_registry_flags(parser: Parser) -> None:
    """podman's names."""
    parser.flag("-q", "--quiet", help="no progress")
    add_tls_flags(parser)


def add_tls_flags(parser: Parser) -> None:
    """Who may be asked, and by whom."""
    parser.add_argument("--authfile", default="", metavar="FILE", help="where names and passwords are kept")
    parser.add_argument(
        "--tls-verify",
        nargs="?",
        const=True,
        type=_truth,
        metavar="true|false",
        help="false: take any certificate, or plain HTTP; else as registries.conf says",
    )
    parser.add_argument("--cert-dir", default="", metavar="DIR", help="where its ca.crt, client.cert, client.key are")


def add_compression_flags(parser: Parser, default: str) -> None:
    """How layers are written that are not compressed yet."""
    parser.add_argument(
        "--compression", choices=COMPRESSIONS, default="", help=f"of layers that are stored without; {default}"
    )
    parser.add_argument("--compression-level", type=int, metavar="N", help="gzip 1 to 9, zstd 1 to 19")


def tls_of(args: Namespace) -> dict[str, Any]:
    """What `Engine.pull` and `Engine.push` take of them; a file of passwords goes by the environment."""
    if args.authfile:
        os.environ["REGISTRY_AUTH_FILE"] = os.path.abspath(args.authfile)
    return {"tls_verify": args.tls_verify, "cert_dir": args.cert_dir}


def compression_of(args: Namespace) -> dict[str, Any]:
    """What `push`, `save` and `commit` take of them."""
    return {"compression": args.compression, "level": args.compression_level}


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"
