"""`python -m helpers`: is this machine ready?  `python -m helpers lab`: open the course in JupyterLab."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from helpers import course, environment
from helpers.language import Text

START = "notebooks/00_start/start.ipynb"
USAGE = Text(
    "usage: python -m helpers                 what this machine has of what the course needs\n"
    "       python -m helpers lab [OPTION…]   open the course in JupyterLab; options are passed on, e.g. --no-browser",
    "用法：python -m helpers                 本机具备了课程所需的哪些条件\n"
    "      python -m helpers lab [选项…]     在 JupyterLab 中打开课程；选项原样传递，例如 --no-browser",
)
NO_LAB = Text("JupyterLab is not installed here. Run: make lab in the course folder, or pip install \"retention-course[lab]\"",
              "这里没有安装 JupyterLab。请在课程文件夹中运行 make lab，或运行 pip install \"retention-course[lab]\"")
OPENING = Text("Opening {folder} in JupyterLab. Its address is printed below, with a token; stop it with Ctrl-C.",
               "正在用 JupyterLab 打开 {folder}。带令牌的访问地址会打印在下方；按 Ctrl-C 停止。")


def lab_folder(start: str | Path = ".") -> Path:
    """The folder to open: the course folder around `start`, else the checkout this package is in, else `start` itself."""
    for place in (start, course.HERE):
        try:
            return course.course_folder(place)
        except FileNotFoundError:
            continue
    checkout = course.HERE.parent
    return checkout if (checkout / "notebooks").is_dir() else Path(start).resolve()


def lab_command(folder: Path, extra: list[str], environ: Mapping[str, str], platform: str, root: bool) -> list[str]:
    """The command that starts JupyterLab; an option given in `extra` takes the place of ours."""
    ours = [f"--ServerApp.root_dir={folder}"]
    if (folder / START).is_file():
        ours.append(f"--LabApp.default_url=/lab/tree/{START}")
    if platform.startswith("linux") and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        ours.append("--no-browser")     # there is no screen for one: the address is printed
    if root:
        ours.append("--allow-root")     # Jupyter refuses otherwise; in a container one is often root
    given = {option.partition("=")[0] for option in extra}
    if given & {"--notebook-dir", "--ServerApp.notebook_dir"}:
        given.add("--ServerApp.root_dir")
    kept = [option for option in ours if option.partition("=")[0] not in given]
    return [sys.executable, "-m", "jupyterlab", *kept, *extra]


def lab(extra: list[str]) -> int:
    """Start JupyterLab in place of this process."""
    if importlib.util.find_spec("jupyterlab") is None:
        print(NO_LAB, file=sys.stderr)
        return 1
    folder = lab_folder()
    command = lab_command(folder, extra, os.environ, sys.platform, getattr(os, "geteuid", lambda: 1)() == 0)
    print(OPENING.format(folder=folder), flush=True)
    os.chdir(folder)        # formgrader finds its course there, from whatever folder this was started
    if os.name == "nt":     # there execv returns to the prompt at once, and two programs then read one keyboard
        return subprocess.call(command)
    os.execv(command[0], command)


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    if not arguments:
        return environment.show(environment.table())
    if arguments[0] == "lab":
        return lab(arguments[1:])
    asked = arguments[0] in ("-h", "--help")
    print(USAGE, file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
