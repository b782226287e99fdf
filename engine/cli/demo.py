"""The demonstration: six containers that show what the dashboard is for, light enough for two cores."""

from typing import Final

from engine.model import CreateOptions, Limits, Port, RestartPolicy

LABEL: Final = "quarterdeck.demo"
IMAGE: Final = "localhost/base:latest"
LOGGER: Final = "logger"

_WEB: Final = """\
if command -v python3 >/dev/null; then exec python3 -u -m http.server 8080 --directory /usr; fi
echo 'no python3 in the image: no web server, only its heart beat'
trap 'exit 0' INT
while :; do date; sleep 10; done
"""
_LOGGER: Final = """\
trap 'exit 0' TERM
n=0
while :; do
  n=$((n + 1))
  case $((n % 7)) in
    0) printf '\\033[31mERROR\\033[0m request %d: upstream timed out after 30 s\\n' $n >&2 ;;
    3) printf '\\033[33mWARN \\033[0m request %d: cache miss, %d retries left\\n' $n $((n % 4)) ;;
    *) printf '\\033[32mINFO \\033[0m request %d: 200 OK in \\033[1m%d\\033[0m ms\\n' $n $((n * 37 % 211)) ;;
  esac
  sleep 0.4
done
"""
_BURNER: Final = """\
trap 'exit 0' TERM
echo 'counting as fast as I may'
n=0
while :; do n=$((n + 1)); done
"""
_HUNGRY: Final = """\
trap 'exit 0' TERM
echo 'eating memory until the limit stops me'
sleep 4
food=$(printf '%1048576s' '')
size=1
while :; do
  echo "eaten $size MiB"
  sleep 1
  food=$food$food
  size=$((size * 2))
done
"""
_FAILING: Final = """\
echo 'starting up'
echo 'fatal: cannot open /etc/app.conf: no such file' >&2
exit 1
"""


def demo_containers() -> tuple[CreateOptions, ...]:
    """What is created, in the order in which it is started."""
    memory = 64 << 20
    return (
        _script("web", _WEB, stop_signal="SIGINT", ports=(Port(container=8080, address="127.0.0.1"),)),
        _script(LOGGER, _LOGGER),
        _script("burner", _BURNER, limits=Limits(cpus=0.2)),
        _script(
            "hungry",
            _HUNGRY,
            limits=Limits(memory_bytes=memory, memory_swap_bytes=memory),
            restart=RestartPolicy(name="on-failure"),
        ),
        _script("failing", _FAILING),
        CreateOptions(
            image=IMAGE,
            name="shell",
            command=("sh",),
            tty=True,
            interactive=True,
            labels={LABEL: "true"},
            stop_timeout_seconds=1,
        ),
    )


def _script(
    name: str,
    script: str,
    *,
    limits: Limits = Limits(pids=64),  # noqa: B008 - a frozen value
    restart: RestartPolicy = RestartPolicy(),  # noqa: B008 - a frozen value
    stop_signal: str | None = None,
    ports: tuple[Port, ...] = (),
) -> CreateOptions:
    return CreateOptions(
        image=IMAGE,
        name=name,
        command=("sh", "-c", script),
        labels={LABEL: "true"},
        limits=limits,
        restart=restart,
        stop_signal=stop_signal,
        ports=ports,
        stop_timeout_seconds=2,
    )
