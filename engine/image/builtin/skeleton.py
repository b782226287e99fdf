"""What is the base image's own: folders, and a few files of /etc that programs look for. Nothing here is the host's."""

from typing import Final

from engine.image.builtin.plan import MERGED, Plan

FOLDERS: Final = {
    "dev": 0o755,
    "etc": 0o755,
    "home": 0o755,
    "mnt": 0o755,
    "opt": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "run": 0o755,
    "srv": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
    "usr/bin": 0o755,
    "usr/lib": 0o755,
    "usr/local/bin": 0o755,
    "usr/sbin": 0o755,
    "var/cache": 0o755,
    "var/lib": 0o755,
    "var/log": 0o755,
    "var/tmp": 0o1777,
}

USERS: Final = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""

GROUP: Final = """\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
www-data:x:33:
utmp:x:43:
staff:x:50:
users:x:100:
nogroup:x:65534:
"""

OS_RELEASE: Final = """\
NAME="quarterdeck base"
PRETTY_NAME="quarterdeck base, from the programs of its host"
ID=quarterdeck
"""

PROFILE: Final = """\
export PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
if [ -n "$BASH_VERSION" ]; then
  PS1='\\u@\\h:\\w\\$ '
fi
"""

# vim looks for its own run-time files, which the image has not, unless it is told not to. vim.tiny has no
# `let`; it skips what stands behind an `if`.
VIMRC: Final = """\
if 1
  let skip_defaults_vim = 1
endif
set nocompatible backspace=indent,eol,start ruler
"""

FILES: Final = {
    "etc/bash.bashrc": PROFILE,
    "etc/group": GROUP,
    "etc/host.conf": "multi on\n",
    "etc/hostname": "base\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/os-release": OS_RELEASE,
    "etc/passwd": USERS,
    "etc/profile": PROFILE,
    "etc/resolv.conf": "",
    "etc/shells": "/bin/sh\n/bin/bash\n",
    "etc/vim/vimrc.tiny": VIMRC,
    "usr/share/vim/vimrc": VIMRC,
}


def lay(plan: Plan) -> None:
    """Put the skeleton into a plan: first, so that nothing of the host can take its place."""
    for path, mode in FOLDERS.items():
        plan.folder(path, mode)
    for name in MERGED:
        if name in {"bin", "sbin", "lib", "lib64"}:
            plan.link(name, f"usr/{name}")
    plan.folder("usr/lib64")
    for path, text in FILES.items():
        plan.text(path, text)
    plan.text("etc/shadow", "root:*:1::::::\nnobody:*:1::::::\n", 0o640)
    plan.link("etc/mtab", "../proc/self/mounts")
    plan.link("var/run", "../run")
