"""environment.yml gives conda the same versions that pyproject.toml gives pip."""

import tomllib
from pathlib import Path

import yaml

from helpers.environment import _parse

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def wanted() -> dict[str, str]:
    """Package -> bounds, of the dependencies and of every extra that an instructor's machine needs."""
    extras = PROJECT["optional-dependencies"]
    texts = [*PROJECT["dependencies"], *(text for extra in ("data", "lab", "grade", "cluster", "test") for text in extras[extra])]
    return {name: bounds for name, bounds, _ in map(_parse, texts) if name != PROJECT["name"]}


def by_pip() -> list[str]:
    pip, = (entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict))
    return pip


def by_conda() -> dict[str, str]:
    return {name: bounds for name, _, bounds in (e.partition(" ") for e in CONDA["dependencies"] if isinstance(e, str))}


def test_bounds_are_the_same():
    pip = {name: bounds for name, bounds, _ in map(_parse, (text for text in by_pip() if not text.startswith("-")))}
    conda = {name: bounds for name, bounds in by_conda().items() if name not in ("python", "pip")}
    assert not set(pip) & set(conda)
    assert {**conda, **pip} == wanted()


def test_python_is_the_one_the_course_needs():
    assert set(by_conda()["python"].split(",")) == set(PROJECT["requires-python"].split(","))


def test_the_data_come_by_pip_and_the_course_is_installed_from_its_folder():
    assert set(PROJECT["optional-dependencies"]["data"]) <= set(by_pip())
    assert "-e ." in by_pip()
    assert "pip" in by_conda()


def test_it_has_the_courses_name():
    assert CONDA["name"] == PROJECT["name"]
