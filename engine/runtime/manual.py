"""The help texts, in the layout of runc's. Pure."""

from engine.runtime.arguments import Kind, Option


def overview(options: tuple[Option, ...], verbs: list[str]) -> str:
    """The help of the command itself."""
    return (
        "NAME:\n   qd-runtime - Open Container Initiative runtime\n\n"
        "USAGE:\n   qd-runtime [global options] command [command options] [arguments...]\n\n"
        f"COMMANDS:\n{_lines(verbs)}\n\nGLOBAL OPTIONS:\n{_lines(list(map(_option, options)))}\n"
    )


def of_verb(verb: str, usage: str, options: tuple[Option, ...]) -> str:
    """The help of one verb; `usage` is its arguments and, after a line feed, what it does."""
    arguments, _, what = usage.partition("\n")
    listed = f"\n\nOPTIONS:\n{_lines(list(map(_option, options)))}" if options else ""
    return (
        f"NAME:\n   qd-runtime {verb} - {what}\n\nUSAGE:\n   qd-runtime {verb} [command options] {arguments}{listed}\n"
    )


def _option(option: Option) -> str:
    names = f"--{option.name}" + (f", -{option.short}" if option.short else "")
    shown = names if option.kind is Kind.FLAG else f"{names} value"
    return f"{shown:<30}{option.what}"


def _lines(texts: list[str]) -> str:
    return "\n".join(f"   {text}" for text in texts)
