"""The flags of a new container, shared by `run` and `create`, and the options they make."""

import os
from argparse import Namespace
from typing import Any, Final

from engine.cli.arguments import Parser, split_words
from engine.cli.container.limit_flags import add_device_flags, add_limit_flags, limits_of
from engine.cli.container.machine_flags import add_machine_flags, machine_of
from engine.cli.container.mount_flags import add_mount_flags, mounts_of
from engine.cli.container.namespace_flags import add_namespace_flags
from engine.cli.container.network_flags import add_network_flags, networks_of
from engine.cli.parse.environment import parse_label_file, parse_labels, parse_variable, parse_variable_file, read_text
from engine.cli.parse.policy import parse_restart, parse_ulimit
from engine.cli.parse.security import parse_security
from engine.errors import InvalidInput

PULL: Final = ("always", "missing", "never")


def add_create_flags(parser: Parser) -> None:
    """Docker's names; `-h` is the host name here, so that help is --help alone."""
    _add_program_flags(parser)
    _add_environment_flags(parser)
    add_mount_flags(parser)
    _add_security_flags(parser)
    add_namespace_flags(parser)
    add_network_flags(parser)
    add_machine_flags(parser)
    _add_lifecycle_flags(parser)
    add_limit_flags(parser)
    add_device_flags(parser)
    parser.words("words", "IMAGE [COMMAND] [ARG...]")


def options_of(args: Namespace) -> dict[str, Any]:
    """The fields of `model.CreateOptions` that the flags and the words after them ask for. Raises `InvalidInput`.

    Fields and not the value: a `run` without special flags then needs neither the model nor msgspec, a quarter of
    its time; the engine checks them.
    """
    image, *command = split_words(args.words) or [""]
    if not image:
        raise InvalidInput("the image is missing", hint="qd run IMAGE, for example qd run -it localhost/base sh")
    _check(args)
    fields = {
        "image": image,
        "command": tuple(command),
        "entrypoint": None if args.entrypoint is None else tuple(filter(None, [args.entrypoint])),
        "name": args.name,
        "hostname": args.hostname,
        "env": _environment(args),
        "workdir": args.workdir,
        "user": args.user,
        "labels": _labels(args),
        "tty": args.tty,
        "interactive": args.interactive,
        "auto_remove": args.rm,
        "init": args.init,
        "limits": limits_of(args),
        **mounts_of(args),
        "ulimits": tuple({limit.name: limit for limit in args.ulimit}.values()),
        "cap_add": tuple(args.cap_add),
        "cap_drop": tuple(args.cap_drop),
        "privileged": args.privileged,
        "userns": args.userns,
        **parse_security(args.security_opt),
        **machine_of(args),
        "pid": args.pid,
        "ipc": args.ipc,
        "uts": args.uts,
        "cgroupns": args.cgroupns,
        **networks_of(args),
        "restart": args.restart,
        "stop_signal": args.stop_signal,
        "stop_timeout_seconds": args.stop_timeout,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _check(args: Namespace) -> None:
    """What one flag's parser cannot see."""
    if args.rm and args.restart is not None and args.restart.name != "no":
        raise InvalidInput("--rm and --restart contradict each other", hint="use one of them")


def _add_program_flags(parser: Parser) -> None:
    parser.flag("-i", "--interactive", help="keep standard input open")
    parser.flag("-t", "--tty", help="give it a terminal")
    parser.flag("--init", help="a tiny init is pid 1, reaps children and forwards signals")
    add = parser.add_argument
    add("--name", help="a name; one is made up otherwise")
    add("-h", "--hostname", metavar="NAME", help="the host name inside")
    add("-w", "--workdir", metavar="PATH", help="the working directory inside")
    add("-u", "--user", metavar="USER[:GROUP]", help="names or numbers")
    add("--entrypoint", metavar="PROGRAM", help="replaces the image's; empty clears it")


def _add_environment_flags(parser: Parser) -> None:
    add = parser.add_argument
    add("-e", "--env", action="append", default=[], metavar="NAME[=VALUE]", help="an environment variable")
    add("--env-file", action="append", default=[], metavar="FILE", help="environment variables, one a line")
    add("-l", "--label", action="append", default=[], metavar="KEY[=VALUE]", help="a label")
    add("--label-file", action="append", default=[], metavar="FILE", help="labels, one a line")


def _add_security_flags(parser: Parser) -> None:
    add = parser.add_argument
    add("--cap-add", action="append", default=[], metavar="CAP", help="a capability besides the default ones")
    add("--cap-drop", action="append", default=[], metavar="CAP", help="a capability less; ALL drops all")
    parser.flag("--privileged", help="every capability and device: no boundary any more")
    add(
        "--security-opt",
        action="append",
        default=[],
        metavar="OPTION",
        help="seccomp=FILE|unconfined, apparmor=PROFILE, label=KEY:VALUE, no-new-privileges=false, mask=PATH, "
        "unmask=PATH|ALL, systempaths=unconfined",
    )
    add("--ulimit", action="append", default=[], type=parse_ulimit, metavar="NAME=SOFT[:HARD]", help="a resource limit")


def _add_lifecycle_flags(parser: Parser) -> None:
    add = parser.add_argument
    parser.flag("--rm", help="remove the container when it exits")
    add(
        "--restart",
        type=parse_restart,
        metavar="POLICY",
        help="no, always, on-failure[:N] ...",
    )
    add("--stop-signal", metavar="SIGNAL", help="what stops it; SIGTERM where the image does not say")
    add("--stop-timeout", type=int, metavar="SECONDS", help="how long stopping may take before SIGKILL")
    add("--cidfile", metavar="FILE", help="write the id of the container here")
    add("--pull", choices=PULL, default="missing", help="when the image is fetched: always, missing, never")
    add("--platform", default="", metavar="OS/ARCH", help="the platform of an image that is fetched")
    parser.flag("-q", "--quiet", help="no progress of what is fetched")


def _environment(args: Namespace) -> tuple[str, ...]:
    """Files first, so that a flag wins."""
    variables: list[str] = []
    for path in args.env_file:
        variables += parse_variable_file(read_text(path), path, os.environ)
    variables += filter(None, (parse_variable(text, os.environ) for text in args.env))
    return tuple(variables)


def _labels(args: Namespace) -> dict[str, str]:
    texts: list[str] = []
    for path in args.label_file:
        texts += parse_label_file(read_text(path))
    return parse_labels([*texts, *args.label])
