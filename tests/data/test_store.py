from __future__ import annotations

import hashlib
import json
import multiprocessing
import re
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from grader.data import AssetStore, PreparedAssets, load_catalogue
from grader.data.store import ENVIRONMENT, bundled_catalogue, default_folder
from grader.errors import CourseError, RubricError, UsageError, UserError

ENTRY = """schema = "grader.assets/1"
[[asset]]
name = "thing"
title = "A thing"
file = "thing.csv"
kind = "table"
folder = "workdir"
source = "somewhere"
stand_in = "reference.standins.names:table"
"""


def test_bundled_catalogue_is_valid_and_offers_what_the_contract_lists() -> None:
    found = {asset.name for asset in load_catalogue(bundled_catalogue())}
    assert {"resnet18", "svhn_train", "svhn_test", "names", "picture"} <= found


def test_checksums_are_those_that_torchvision_expects() -> None:
    from torchvision.datasets import SVHN
    from torchvision.models import ResNet18_Weights

    assets = {asset.name: asset for asset in load_catalogue(bundled_catalogue())}
    for split in ("train", "test", "extra"):
        assert [assets[f"svhn_{split}"].file, assets[f"svhn_{split}"].md5] == SVHN.split_list[split][1:]
    assert ResNet18_Weights.IMAGENET1K_V1.url.endswith(assets["resnet18"].file)
    assert assets["resnet18"].sha256_prefix in assets["resnet18"].file


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("schema = ", "scheme = "), r'expected schema = "grader.assets/1", found None'),
        (('kind = "table"', 'kind = "chair"'), r"\[\[asset\]\] thing, kind: "),
        (('file = "thing.csv"', 'file = "../thing.csv"'), r"thing, file: .*expected a file name without folders"),
        (('folder = "workdir"', 'folder = "/etc"'), r"thing, folder: .*expected a relative folder"),
        (('source = "somewhere"', ""), r"thing, source: Field required"),
        (('source = "somewhere"', 'source = "x"\nurls = ["("]'), r"thing, urls.0: .*expected a regular expression"),
        (('source = "somewhere"', 'source = "x"\nmd5 = "12"'), r"thing, md5: "),
        (('source = "somewhere"', 'source = "x"\ncolour = "red"'), r"thing, colour: "),
        (('source = "somewhere"', 'source = "x"\narchive_urls = ["a"]'), r"thing, entry: .*'archive'"),
        (("[[asset]]", "asset = 3\n[other]"), r"expected at least one \[\[asset\]\]"),
        (("title = ", "title "), r"is not valid TOML"),
    ],
)
def test_wrong_catalogues_are_refused_with_file_and_entry(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    path = tmp_path / "assets.toml"
    path.write_text(ENTRY.replace(*change))
    with pytest.raises(CourseError, match=message) as caught:
        load_catalogue(path)
    assert str(path) in str(caught.value)


def test_a_name_or_file_used_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "assets.toml"
    path.write_text(ENTRY + ENTRY.partition("\n")[2])
    with pytest.raises(CourseError, match="the name 'thing' is used twice"):
        load_catalogue(path)


def test_a_missing_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"assets.toml cannot be read"):
        load_catalogue(tmp_path / "assets.toml")


@pytest.mark.parametrize("maker", ["reference.standins.names:nothing", "reference.standins.nothing:table"])
def test_a_stand_in_that_cannot_be_found_is_a_fault_of_the_course(tmp_path: Path, maker: str) -> None:
    path = tmp_path / "assets.toml"
    path.write_text(ENTRY.replace("reference.standins.names:table", maker))
    with pytest.raises(CourseError, match=re.escape(maker)):
        AssetStore(tmp_path, path).prepare(["thing"])


def test_layout_is_what_libraries_expect(prepared: PreparedAssets) -> None:
    folder = prepared.folder
    for place in (
        "torch_hub/checkpoints/resnet18-f37072fd.pth", "svhn/train_32x32.mat", "svhn/test_32x32.mat",
        "workdir/name_gender_dataset.csv", "workdir/image.jpg", "pictures/image.jpg", "urls.json", "manifest.json",
    ):  # fmt: skip
        file = folder / place
        assert file.is_file(), place
        assert not file.is_symlink(), place
        assert stat.S_IMODE(file.stat().st_mode) & 0o044 == 0o044, place
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755, place
    with zipfile.ZipFile(folder / "archives" / "gender+by+name.zip") as archive:
        assert archive.read("name_gender_dataset.csv") == Path(prepared.path("names")).read_bytes()
    for entry in json.loads((folder / "urls.json").read_text()):
        assert (folder / entry["path"]).is_file()
    assert prepared.real == ()
    assert {"resnet18", "names", "picture"} <= set(prepared.stand_ins)
    assert sorted(path.name for path in prepared.workdir.iterdir()) == ["image.jpg", "name_gender_dataset.csv"]


def test_the_same_choice_is_laid_out_once(store: AssetStore, prepared: PreparedAssets) -> None:
    assert store.prepare() == prepared
    assert store.prepare(["picture"]).folder != prepared.folder


def test_data_that_were_not_prepared_are_named(store: AssetStore) -> None:
    some = store.prepare(["names"])
    with pytest.raises(RubricError, match=r"'picture' were not prepared; there are names"):
        some.array("picture")
    with pytest.raises(RubricError, match="cannot be read as a picture"):
        some.array("names")
    with pytest.raises(UsageError, match="No data are named 'nothing'"):
        store.prepare(["nothing"])


def test_notebooks_get_the_data_of_their_assignment_and_what_they_mention(store: AssetStore) -> None:
    assert "resnet18" in store.names_for("1")
    assert "svhn_train" not in store.names_for("1")
    assert set(store.names_for("3")) == {"svhn_train", "svhn_test", "svhn_extra"}
    assert "resnet34" in store.names_for("1", ["models.resnet34(weights='DEFAULT')"])
    assert "resnet34" not in store.names_for(None)
    assert "picture" in store.names_for("3", ["Image.open('cat.PNG')"])


def test_a_real_file_wins_over_a_stand_in(tmp_path: Path) -> None:
    store = AssetStore(tmp_path)
    store.real_folder.mkdir()
    (store.real_folder / "name_gender_dataset.csv").write_text("Name,Gender,Count,Probability\nAda,F,1,1\n")
    ready = store.prepare(["names"])
    assert ready.real == ("names",)
    assert ready.stand_ins == ()
    assert Path(ready.path("names")).read_text().endswith("Ada,F,1,1\n")
    row = next(row for row in store.status() if row.name == "names")
    assert (row.kind, row.checksum) == ("real", "unknown")


def test_a_changed_real_file_is_laid_out_anew(tmp_path: Path) -> None:
    store = AssetStore(tmp_path)
    store.real_folder.mkdir()
    real = store.real_folder / "name_gender_dataset.csv"
    real.write_text("one")
    first = store.prepare(["names"])
    real.unlink()
    real.write_text("another")
    assert Path(store.prepare(["names"]).path("names")).read_text() == "another"
    assert Path(first.path("names")).read_text() == "one"


def test_a_real_file_with_another_checksum_is_refused_until_it_is_accepted(tmp_path: Path) -> None:
    store = AssetStore(tmp_path)
    store.real_folder.mkdir()
    real = store.real_folder / "test_32x32.mat"
    real.write_bytes(b"damaged")
    found = hashlib.md5(b"damaged").hexdigest()
    with pytest.raises(
        UserError, match=rf"expected md5 eb5a983be6a315427106f1b164d9cef3, found md5 {found}.*sha256sum"
    ):
        store.prepare(["svhn_test"])
    row = next(row for row in store.status() if row.name == "svhn_test")
    assert (row.kind, row.checksum, row.path) == ("real", "mismatch", real)
    assert row.message
    Path(f"{real}.sha256").write_text(f"{hashlib.sha256(b'damaged').hexdigest()}  test_32x32.mat\n")
    assert store.prepare(["svhn_test"]).real == ("svhn_test",)
    assert next(row for row in store.status() if row.name == "svhn_test").checksum == "accepted"


def test_the_right_checksum_is_recognised(tmp_path: Path) -> None:
    catalogue = tmp_path / "assets.toml"
    digest = hashlib.sha256(b"right").hexdigest()
    catalogue.write_text(ENTRY + f'sha256_prefix = "{digest[:8]}"\n')
    store = AssetStore(tmp_path, catalogue)
    store.real_folder.mkdir()
    (store.real_folder / "thing.csv").write_bytes(b"right")
    assert [row.checksum for row in store.status()] == ["ok"]


def test_status_makes_nothing_and_says_where_files_go(tmp_path: Path) -> None:
    store = AssetStore(tmp_path / "assets")
    rows = store.status()
    assert not (tmp_path / "assets").exists()
    assert all(row.kind == "stand-in" and row.put_at.parent == store.real_folder and row.source for row in rows)


def _prepare(folder: Path) -> tuple[str, ...]:
    ready = AssetStore(folder).prepare(["svhn_test", "names", "picture"])
    return tuple(hashlib.sha256(Path(ready.path(name)).read_bytes()).hexdigest() for name in ready.stand_ins)


def test_several_processes_may_prepare_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        results = pool.map(_prepare, [tmp_path] * 3)
    assert len(set(results)) == 1
    assert not [path for path in (tmp_path / "prepared").iterdir() if path.name.startswith(".new")]


def test_stand_ins_are_made_again_when_they_were_removed(tmp_path: Path) -> None:
    store = AssetStore(tmp_path)
    first = Path(store.prepare(["names"]).path("names")).read_bytes()
    shutil.rmtree(tmp_path / "stand-ins")
    shutil.rmtree(tmp_path / "prepared")
    assert Path(store.prepare(["names"]).path("names")).read_bytes() == first


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv(ENVIRONMENT)
    assert default_folder().name == "assets"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "assets").write_text("a file")
    with pytest.raises(UserError, match=rf"cannot be written: .*{ENVIRONMENT}"):
        AssetStore(tmp_path / "assets").prepare(["names"])
