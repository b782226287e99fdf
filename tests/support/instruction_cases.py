"""Instructions for the config of an image, and what Docker 20.10 makes of them.

One table for the unit tests and for the test that asks a real Docker.
"""

from typing import Any, Final

SHELL: Final = ["/bin/sh", "-c"]

RIGHT: Final[dict[str, tuple[list[str], dict[str, Any]]]] = {
    "a command as a list": (['CMD ["sh", "-c", "echo $HOME"]'], {"Cmd": ["sh", "-c", "echo $HOME"]}),
    "a command for a shell": (["CMD echo 'a  b' $HOME"], {"Cmd": [*SHELL, "echo 'a  b' $HOME"]}),
    "a list with single quotes is for a shell": (["CMD ['a']"], {"Cmd": [*SHELL, "['a']"]}),
    "an entrypoint takes the old command away": (["ENTRYPOINT [\"a\"]"], {"Entrypoint": ["a"], "Cmd": None}),
    "an entrypoint for a shell": (["ENTRYPOINT exec a"], {"Entrypoint": [*SHELL, "exec a"], "Cmd": None}),
    "a command before the entrypoint stays": (
        ['CMD ["b"]', 'ENTRYPOINT ["a"]'],
        {"Entrypoint": ["a"], "Cmd": ["b"]},
    ),
    "any case": (["cmd [\"x\"]"], {"Cmd": ["x"]}),
    "variables": (["ENV a=b c=\"d e\" f='g h' i=j\\ k"], {"Env": ["a=b", "c=d e", "f=g h", "i=j k"]}),
    "one variable the old way": (["ENV a b  c"], {"Env": ["a=b  c"]}),
    "the old way drops quotes": (["ENV a \"b c\" 'd'"], {"Env": ["a=b c d"]}),
    "a variable is replaced where it stands": (["ENV a=1 b=2", "ENV a=3"], {"Env": ["a=3", "b=2"]}),
    "a variable of another": (["ENV a=1", "ENV b=$a c=${a}x d=\\$a e='$a' f=\"$a\""],
                             {"Env": ["a=1", "b=1", "c=1x", "d=$a", "e=$a", "f=1"]}),
    "the old value within one instruction": (["ENV a=1", "ENV a=2 b=$a"], {"Env": ["a=2", "b=1"]}),
    "a default and an alternative": (
        ["ENV a=1", "ENV b=${a:-x} c=${n:-x} d=${a:+y} e=${n:+y} f=${n:-${a}z}"],
        {"Env": ["a=1", "b=1", "c=x", "d=y", "e=", "f=1z"]},
    ),
    "an unknown variable is empty": (["ENV a=x${nothing}y$nor"], {"Env": ["a=xy"]}),
    "an equals sign in a value": (["ENV a=b=c d=\"=\""], {"Env": ["a=b=c", "d=="]}),
    "an empty value": (["ENV a= b="], {"Env": ["a=", "b="]}),
    "quotes in quotes": (["ENV a=\"it's \\\"x\\\" \\\\ \\n\""], {"Env": ["a=it's \"x\" \\ \\n"]}),
    "labels": (["LABEL a=b \"c d\"=\"e f\" g=$h"], {"Labels": {"a": "b", "c d": "e f", "g": ""}}),
    "a label the old way": (["LABEL a b c"], {"Labels": {"a": "b c"}}),
    "a label of several lines": (["LABEL a=\"b \\\nc\" d=e"], {"Labels": {"a": "b c", "d": "e"}}),
    "a comment between the lines": (["LABEL a=b \\\n# no\n c=d"], {"Labels": {"a": "b", "c": "d"}}),
    "ports": (
        ["EXPOSE 80 53/udp 8000-8002", "EXPOSE 9/TCP"],
        {"ExposedPorts": {f"{p}": {} for p in "80/tcp 53/udp 8000/tcp 8001/tcp 8002/tcp 9/tcp".split()}},
    ),
    "ports of a variable": (
        ["ENV p=\"80 81\"", "EXPOSE $p"],
        {"ExposedPorts": {"80/tcp": {}, "81/tcp": {}}, "Env": ["p=80 81"]},
    ),
    "volumes": (["VOLUME /a /b", "VOLUME [\"/c d\"]"], {"Volumes": {"/a": {}, "/b": {}, "/c d": {}}}),
    "a user": (["USER 1000:1000"], {"User": "1000:1000"}),
    "a user of a variable": (["ENV u=bob", "USER ${u:-root}"], {"User": "bob", "Env": ["u=bob"]}),
    "a folder": (["WORKDIR /a", "WORKDIR b/../c"], {"WorkingDir": "/a/c"}),
    "a folder above the root": (["WORKDIR ../../x/"], {"WorkingDir": "/x"}),
    "a signal": (["STOPSIGNAL SIGQUIT"], {"StopSignal": "SIGQUIT"}),
    "a signal by number": (["STOPSIGNAL 9"], {"StopSignal": "9"}),
    "a trigger": (["ONBUILD run make", "ONBUILD  COPY . /x"], {"OnBuild": ["run make", "COPY . /x"]}),
    "a health check": (
        ["HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2s --retries=3 CMD curl -f x"],
        {"Healthcheck": {"Test": ["CMD-SHELL", "curl -f x"], "Interval": 90 * 10**9, "Timeout": 5 * 10**8,
                         "StartPeriod": 2 * 10**9, "Retries": 3}},
    ),
    "a health check as a list": (["HEALTHCHECK CMD [\"a\", \"b\"]"], {"Healthcheck": {"Test": ["CMD", "a", "b"]}}),
    "no health check": (["HEALTHCHECK NONE"], {"Healthcheck": {"Test": ["NONE"]}}),
    "several instructions in one text": (["ENV a=1\nUSER x\n\nWORKDIR /w"],
                                         {"Env": ["a=1"], "User": "x", "WorkingDir": "/w"}),
}  # fmt: skip
"""What it is -> the instructions, and the fields of `config` afterwards, where Cmd was ["old"] before."""

WRONG: Final = {
    "an instruction that builds": "RUN make",
    "an unknown instruction": "BOGUS x",
    "nothing said": "ENV",
    "a name without a value": "ENV a",
    "a word without a value": "ENV a=b c",
    "no name": "ENV =b",
    "a quote that stays open": "ENV a=\"b",
    "a variable that stays open": "ENV a=${b",
    "an unknown operator": "ENV a=${b:=c}",
    "a port that is none": "EXPOSE http",
    "a port beyond the last": "EXPOSE 65536",
    "ports in the wrong order": "EXPOSE 9-8",
    "a protocol that is none": "EXPOSE 80/icmp",
    "a signal that is none": "STOPSIGNAL SIGNONE",
    "a trigger of a trigger": "ONBUILD ONBUILD RUN x",
    "a base as a trigger": "ONBUILD FROM x",
    "a health check of nothing": "HEALTHCHECK CMD",
    "a health check of another kind": "HEALTHCHECK RUN x",
    "arguments of none": "HEALTHCHECK NONE x",
    "a health check with a wrong option": "HEALTHCHECK --interval=soon CMD x",
    "a volume without a path": "VOLUME [\"\"]",
    "a list of numbers": "CMD [1, 2]",
}  # fmt: skip
