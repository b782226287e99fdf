"""From a command line to its verb, and from whatever goes wrong to one line and an exit code.

Standard library only.
"""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, Final

from engine.errors import EngineError, InvalidInput
from engine.runtime import arguments, main
from engine.runtime.arguments import Given, Misused, flag, value
from engine.runtime.call import Call
from engine.runtime.report import Log

ROOT: Final = "/run/qd-runtime"
GLOBAL: Final = (
    value("root", f"folder of the containers' states (default: {ROOT})"),
    value("log", "file for messages (default: standard error)"),
    value("log-format", "text or json (default: text)"),
    value("log-level", "debug, warning or error"),
    flag("debug", "say more"),
    flag("systemd-cgroup", "refused: there is no systemd manager here"),
    value("cgroup-manager", "cgroupfs or disabled (default: cgroupfs)"),
    value("rootless", "true, false or auto (default: auto)"),
    flag("no-pivot", "do not use pivot_root"),
    value("criu", "ignored"),
    flag("help", "show this", "h"),
    flag("version", "print the version", "v"),
)
ORDERED: Final = ("exec", "ps")
"""Verbs after whose first argument come the options of another program."""
UNKNOWN: Final = 3
"""Exit code where there is no such verb. Source: urfave/cli, ShowCommandHelp, of which runc has its grammar."""
ENTERING: Final = ("create", "run", "exec")
"""Verbs of which a process becomes the container's."""
_FAILED: Final = {"exec": 255}
"""Exit code of a verb that fails, where it is not 1: the program's own codes are to be told from it."""


class _NoSuchVerb(InvalidInput):
    """Told in the words of runc, which scripts look for."""


def run(words: list[str], verbs: dict[str, str]) -> int:
    """The exit code of a command line."""
    log = Log()
    verb = ""
    try:
        given = arguments.parse(words, GLOBAL, interleaved=False)
        if "version" in given.flags:
            return main.version()
        log = _log(given)
        if not given.arguments or "help" in given.flags or given.arguments[0] in ("help", "h"):
            return _help(given.arguments[1:], verbs)
        verb = given.arguments[0]
        return _verb(verb, given, log, verbs)
    except _NoSuchVerb as err:
        log.error(err.message)
        return UNKNOWN
    except Misused as err:
        log.error(err.message)
        return 1
    except EngineError as err:
        log.error(_worded(verb, err))
    except OSError as err:
        log.error(f"{verb} failed: {err.strerror}: {err.filename}" if err.filename else f"{verb} failed: {err}")
    except KeyboardInterrupt:
        return 130
    except Exception as err:  # noqa: BLE001 - the outermost loop: a user sees no traceback
        log.error(f"{verb} failed: {err!r}")
    return _FAILED.get(verb, 1)


def _log(given: Given) -> Log:
    form = given.text("log-format", "text")
    if form not in ("text", "json"):
        raise InvalidInput(f'invalid log-format: "{form}"', hint="text or json")
    log = Log(given.text("log"), form, "debug" in given.flags or given.text("log-level") == "debug")
    log.check()
    return log


def _verb(verb: str, given: Given, log: Log, verbs: dict[str, str]) -> int:
    if verb not in verbs:
        raise _NoSuchVerb(f"No help topic for '{verb}'")
    if verb in ENTERING:
        _protect(log)
    module: Any = importlib.import_module(f"engine.runtime.verbs.{verbs[verb]}")
    options = (*module.OPTIONS, flag("help", "show this", "h"))
    own = arguments.parse(given.arguments[1:], options, interleaved=verb not in ORDERED)
    if "help" in own.flags:
        return _help([verb], verbs)
    log.debug(f"{verb}: arguments {own.arguments}, state in {given.text('root') or ROOT}")
    code: int = module.main(_call(verb, given, own, log))
    log.debug(f"{verb}: done")
    return code


def _protect(log: Log) -> None:
    """Before the verb is imported, since this program is executed again; and before anything is read from a pipe."""
    from engine.sandbox import armour

    if (warning := armour.protect("qd-runtime")) is not None:
        log.warn(warning)


def _call(verb: str, given: Given, own: Given, log: Log) -> Call:
    if "systemd-cgroup" in given.flags:
        raise InvalidInput("--systemd-cgroup is not supported", hint="use the cgroupfs manager, which is the default")
    manager = given.text("cgroup-manager", "cgroupfs")
    if manager not in ("cgroupfs", "disabled"):
        raise InvalidInput(f"the cgroup manager {manager!r} is not supported", hint="cgroupfs or disabled")
    rootless = given.text("rootless", "auto")
    if rootless not in (*arguments.TRUE, *arguments.FALSE, "auto"):
        raise InvalidInput(f"invalid value {rootless!r} for --rootless", hint="true, false or auto")
    root = os.path.abspath(given.text("root") or ROOT)
    no_pivot = "no-pivot" in given.flags or "no-pivot" in own.flags
    return Call(verb, root, log, own, no_pivot, manager == "cgroupfs", rootless)


def _worded(verb: str, err: EngineError) -> str:
    """`create failed: ...` as runc has it for those that start something; scripts look for these words."""
    prefix = {
        "create": "create failed: unable to start container process: ",
        "run": "run failed: unable to start container process: ",
        "exec": "exec failed: unable to start container process: ",
    }.get(verb, "")
    return f"{prefix}{err.message}" + (f" ({err.hint})" if err.hint else "")


def _help(words: list[str], verbs: dict[str, str]) -> int:
    from engine.runtime import manual

    text: Callable[[], str] = lambda: manual.overview(GLOBAL, sorted(verbs))  # noqa: E731
    if words and words[0] not in verbs:
        raise _NoSuchVerb(f"No help topic for '{words[0]}'")
    if words:
        module: Any = importlib.import_module(f"engine.runtime.verbs.{verbs[words[0]]}")
        text = lambda: manual.of_verb(words[0], module.USAGE, module.OPTIONS)  # noqa: E731
    sys.stdout.write(text())
    return 0
