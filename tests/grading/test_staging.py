"""A folder of hand-ins, honest and hostile: what is found, what is refused, what is written."""

import hashlib
import json
import os
import time

import pytest

from helpers.checks import notebook as reader
from helpers.checks.keys import key_of
from helpers.course import lesson
from helpers.grading import staging
from helpers.grading.reading import plain_notebook
from helpers.grading.staging import NOTHING, hand_over, staged

START, BEHAVIOUR = lesson("00_start"), lesson("01_behaviour")
STUBS = key_of(START).notebooks["start"].stubs


def released(course, name, of=START):
    return json.loads((course / "notebooks" / of.name / f"{name}.ipynb").read_text(encoding="utf-8"))


@pytest.fixture
def blank(course):
    """The released notebook."""
    return json.dumps(released(course, "start"))


@pytest.fixture
def answered(course):
    """A released notebook with a recognisable answer."""
    def with_answer(value):
        notebook = released(course, "start")
        for cell in notebook["cells"]:
            if cell["id"] == "answer-temporal_split":
                cell["source"] = f"# exercise: temporal_split\ndef temporal_split(df, ts, train_end, valid_end):\n    return {value}"
        return json.dumps(notebook)
    return with_answer


@pytest.fixture
def put(tmp_path):
    """Put a file into the class's folder, so many seconds old."""
    def write(name, text, age=0):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(path, (time.time() - age,) * 2)
        return path
    (tmp_path / "in").mkdir()
    return write


@pytest.fixture
def look(tmp_path):
    return lambda of=START: staged(tmp_path / "in", of)


def answer(hand_in):
    (found,) = [cell["source"] for cell in hand_in.cells if cell["id"] == "answer-temporal_split"]
    return found.rpartition("return ")[2]


@pytest.mark.parametrize("name", ["ada/00_start/start.ipynb", "ada/start.ipynb", "ada_start.ipynb"])
def test_each_layout_gives_the_students_notebook_without_a_note(name, put, look, blank):
    put(name, blank)
    (found,) = look()
    assert (found.student, found.notebook, found.reason, found.notes) == ("ada", "start", "", ())
    assert found.digest == hashlib.sha256(blank.encode()).hexdigest()


@pytest.mark.parametrize("name", ["start (1).ipynb", "start-Copy1.ipynb", "Start.IPYNB", "start - Copy (2).ipynb", "Copy of start.ipynb", "start.ipynb.txt",
                                  "start.ipynb.json", "start-1.ipynb", "start - 副本.ipynb", "untitled.ipynb", "作业.ipynb", "ada_start.ipynb"])
def test_a_renamed_notebook_is_known_and_its_name_told(name, put, look, blank):
    put(f"ada/00_start/{name}", blank)
    (found,) = look()
    assert (found.notebook, found.reason, found.notes) == ("start", "", (f"taken from '{name}'",))


@pytest.mark.parametrize("name", ["start (1).ipynb", "start-Copy1.ipynb", "Start.IPYNB", "ada_start.ipynb"])
def test_a_renamed_notebook_that_cannot_be_read_is_known_by_its_name(name, put, look):
    put(f"ada/{name}", "{")
    (found,) = look()
    assert found.notebook == "start"
    assert "not JSON" in found.reason


@pytest.mark.parametrize("name", ["ada_b_start.ipynb", "ada_b_start (1).ipynb", "ada_b_Start-Copy1.IPYNB"])
def test_a_flat_files_student_is_what_stands_before_the_notebooks_name(name, put, look, blank):
    put(name, blank)
    assert [found.student for found in look()] == ["ada_b"]


def test_a_flat_file_of_the_longer_name_is_the_second_notebook(put, look, course):
    put("ada_start_more.ipynb", json.dumps(released(course, "start_more")))
    assert [(found.student, found.notebook) for found in look()] == [("ada", "start_more")]


def test_the_second_notebook_under_the_first_ones_name_is_graded_as_what_it_is_and_the_first_is_missed(put, look, course):
    put("ada/00_start/start.ipynb", json.dumps(released(course, "start_more")))
    first, second = look()
    assert (first.notebook, first.cells) == ("start", ())
    assert "holds the cells of start_more.ipynb" in first.reason
    assert (second.notebook, second.reason) == ("start_more", "")


@pytest.mark.parametrize("name", ["ada/01_behaviour/behaviour.ipynb", "ada/01_behaviour/untitled.ipynb", "ada/start.ipynb", "ada_behaviour.ipynb"])
def test_another_lessons_notebook_is_not_graded_and_its_lesson_named(name, put, look, blank):
    put(name, blank)
    (found,) = look(BEHAVIOUR)
    assert (found.student, found.notebook, found.cells) == ("ada", "behaviour", ())
    assert "comes from lesson 00_start" in found.reason


def test_all_lessons_side_by_side_are_told_apart(put, look, blank, course):
    put("ada/start.ipynb", blank)
    put("ada/behaviour.ipynb", json.dumps(released(course, "behaviour", BEHAVIOUR)))
    put("bob/00_start/start.ipynb", blank)
    assert [(found.student, found.notebook, found.reason) for found in look()] == [("ada", "start", ""), ("bob", "start", "")]
    assert [(found.student, found.notebook, found.reason) for found in look(BEHAVIOUR)] == [("ada", "behaviour", "")]


def test_of_two_copies_the_one_named_as_released_counts_if_it_has_an_answer(put, look, answered):
    put("ada/start.ipynb", answered(1), age=100)
    put("ada/start (1).ipynb", answered(2))
    (found,) = look()
    assert answer(found) == "1"
    assert found.notes == ("two copies: 'start.ipynb' counts, 'start (1).ipynb' does not",)


def test_of_two_copies_the_newest_answer_counts_if_the_one_named_as_released_has_none(put, look, answered, blank):
    put("ada/start.ipynb", blank)
    put("ada/start (1).ipynb", answered(1), age=100)
    put("ada/start (2).ipynb", answered(2), age=50)
    (found,) = look()
    assert answer(found) == "2"
    assert "taken from 'start (2).ipynb'" in found.notes


def test_two_copies_of_one_age_are_told_apart_by_name(put, look, answered):
    for number in (2, 1, 3):
        os.utime(put(f"ada/start ({number}).ipynb", answered(number)), (1e9, 1e9))
    assert answer(look()[0]) == "1"


def test_a_readable_copy_counts_and_the_damaged_one_is_told(put, look, answered):
    put("ada/start.ipynb", answered(1)[:900])
    put("ada/start (1).ipynb", answered(2))
    (found,) = look()
    assert answer(found) == "2"
    assert any("'start.ipynb' does not count" in note for note in found.notes)


def test_checkpoints_and_what_systems_leave_behind_are_passed_over(put, look, blank, answered):
    put("ada/00_start/start.ipynb", blank)
    for name in (".ipynb_checkpoints/start-checkpoint.ipynb", "._start.ipynb", ".start.ipynb.swp", "__pycache__/x.pyc"):
        put(f"ada/00_start/{name}", answered(1))
    put(".ipynb_checkpoints/start-checkpoint.ipynb", answered(1))
    put("__MACOSX/start.ipynb", answered(1))
    assert [(found.student, found.notes) for found in look()] == [("ada", ())]


def test_an_archive_is_named_with_the_remedy(put, look, blank):
    put("ada/00_start/archive.zip", "PK")
    put("bob/start.ipynb", blank)
    put("bob/archive.zip", "PK")
    put("eve_start.zip", "PK")
    ada, bob, eve = look()
    assert "'archive.zip' was not read: hand in the notebook itself" in ada.reason
    assert "'eve_start.zip' was not read" not in ada.reason
    assert "'eve_start.zip' was not read" in eve.reason
    assert bob.reason == ""
    assert bob.notes == ("'archive.zip' was not read: hand in the notebook itself",)


def test_an_empty_folder_has_one_entry_with_a_reason(put, look, tmp_path):
    (tmp_path / "in" / "ada").mkdir()
    (found,) = look()
    assert (found.notebook, found.digest) == ("start", NOTHING)
    assert found.reason == "no notebook of lesson 00_start was found"


def test_a_missing_class_folder_is_the_instructors_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        staged(tmp_path / "nothing", START)


# Links and what is no file.

def test_no_link_is_followed(put, look, tmp_path, answered):
    secret = tmp_path / "secret" / "00_start" / "start.ipynb"
    secret.parent.mkdir(parents=True)
    secret.write_text(answered(1))
    base = tmp_path / "in"
    for name in ("file", "lesson", "hard"):
        (base / name).mkdir()
    (base / "file" / "start.ipynb").symlink_to(secret)
    (base / "lesson" / "00_start").symlink_to(secret.parent)
    (base / "student").symlink_to(secret.parent.parent)
    (base / "flat_start.ipynb").symlink_to(secret)
    os.link(secret, base / "hard" / "start.ipynb")
    found = look()
    assert [hand_in.student for hand_in in found] == ["file", "flat", "hard", "lesson", "student"]
    for hand_in in found:
        assert (hand_in.cells, hand_in.digest) == ((), NOTHING)
        assert "is a link" in hand_in.reason


@pytest.mark.timeout(20)
def test_pipes_sockets_devices_and_folders_are_not_opened_as_files(put, look, tmp_path, blank):
    base = tmp_path / "in"
    for name in ("pipe", "folder", "timed"):
        (base / name / "00_start").mkdir(parents=True)
    os.mkfifo(base / "pipe" / "00_start" / "start.ipynb")
    (base / "folder" / "00_start" / "start.ipynb").mkdir()
    os.mkfifo(base / "timed" / "00_start" / "timestamp.txt")
    put("timed/00_start/start.ipynb", blank)
    os.mkfifo(base / "flat_start.ipynb")
    os.mkfifo(base / "lonely")
    reasons = {found.student: found.reason for found in look()}
    assert set(reasons) == {"pipe", "folder", "timed", "flat"}
    assert reasons.pop("timed") == ""
    assert all("a folder or a device" in reason for reason in reasons.values())


def test_a_link_put_in_a_files_place_between_two_looks_is_not_followed(tmp_path, monkeypatch):
    target, link = tmp_path / "secret", tmp_path / "start.ipynb"
    target.write_text("secret")
    link.symlink_to(target)
    plain = os.lstat(target)
    monkeypatch.setattr(reader.os, "lstat", lambda path: plain)
    with pytest.raises(reader.NotebookError, match="cannot be opened"):
        reader.read_file(link)


def test_the_exporter_refuses_links_and_pipes_too(tmp_path, answered):
    (tmp_path / "secret").write_text(answered(1))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name, reason in (("link", "is a link"), ("pipe", "a folder or a device")):
        notebook = plain_notebook(tmp_path / f"{name}.ipynb")
        assert notebook.cells == []
        assert reason in notebook.metadata["not_gradable"]


def test_a_huge_file_is_refused_before_it_is_read(put, look):
    with open(put("ada/start.ipynb", ""), "wb") as file:
        file.truncate(10**12)
    assert "larger than 20 MB" in look()[0].reason


# Names.

HOSTILE = [
    "a\nb", "a\x1b[2J", "..x", "-rf", "--force", "a+b", " a", "a ", "a\tb", "x" * 101, "*", "[a-z]", "a{0}", "<b>a", "a\u202eb", "a;b", "$(id)", "a\\b", "~a",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_nbgrader_cannot_take_is_refused_under_a_safe_one(name, put, look, blank, tmp_path):
    put(f"{name}/start.ipynb", blank)
    (found,) = look()
    assert (found.cells, found.digest) == ((), NOTHING)
    assert found.student.isascii()
    assert found.student.replace("_", "").isalnum()
    assert "cannot be a student's id" in found.reason
    assert "\n" not in found.reason
    assert "<b>" not in found.reason
    hand_over([found], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [found.student]


def test_an_undecodable_name_is_refused_under_a_safe_one(put, look, tmp_path):
    os.mkdir(os.fsencode(tmp_path / "in") + b"/\xff\xfe")
    (tmp_path / "in" / "ada").mkdir()
    with open(os.fsencode(tmp_path / "in" / "ada") + b"/\xff.ipynb", "w") as file:
        file.write("{")
    ada, unusable = look()
    assert ada.student == "ada"
    assert unusable.student.isascii()
    "".join(f"{ada.reason} {unusable.reason}").encode()


def test_flat_files_cannot_climb_out_of_the_folder(put, look, blank, tmp_path):
    put(".._start.ipynb", blank)
    put("start.ipynb", blank)
    found = look()
    assert all(hand_in.student.startswith("unusable_") for hand_in in found)
    assert any("name it STUDENT_start.ipynb" in hand_in.reason for hand_in in found)
    hand_over(found, tmp_path / "deep" / "out")
    assert len(list((tmp_path / "deep" / "out").iterdir())) == 2


def test_made_up_ids_collide_with_nobodys(put, look, blank):
    put("a+b/start.ipynb", blank)
    taken = look()[0].student
    put(f"{taken}/start.ipynb", blank)
    put("a-+b/start.ipynb", blank)
    found = look()
    assert len({hand_in.student for hand_in in found}) == 3
    assert next(hand_in for hand_in in found if hand_in.student == taken).reason == ""


@pytest.mark.parametrize("name", ["ada", "张三", "Jose\u0301", "O'Brien", "ada.b@example.org", "Doe, Jane_12_file_", "0042"])
def test_names_of_the_world_are_taken(name, put, look, blank):
    put(f"{name}/start.ipynb", blank)
    assert [(found.student, found.reason) for found in look()] == [(name, "")]


# Time, and many files.

@pytest.mark.parametrize("text", ["2026-02-02 15:58:23.948203 UTC", "2026-02-02 15:58:23 +0100", "2026-02-02 15:58:23 Europe/Berlin"])
def test_nbgraders_timestamp_is_kept(text, put, look, blank, tmp_path):
    put("ada/00_start/start.ipynb", blank)
    put("ada/00_start/timestamp.txt", text + "\n")
    found = look()
    assert found[0].timestamp == text
    hand_over(found, tmp_path / "out")
    assert (tmp_path / "out" / "ada" / "00_start" / "timestamp.txt").read_text() == text + "\n"


@pytest.mark.parametrize("text", ["", "soon", "2026-99-99 00:00:00", "2026-02-02 15:58:23 ../../etc/passwd", b"\xff", "2026-02-02 " * 100])
def test_a_timestamp_that_would_stop_nbgrader_is_left_out_and_told(text, put, look, blank):
    put("ada/00_start/start.ipynb", blank)
    put("ada/00_start/timestamp.txt", text)
    (found,) = look()
    assert (found.timestamp, found.reason) == ("", "")
    assert found.notes == ("timestamp.txt holds no time, so that no lateness is known",)


def test_of_many_notebooks_so_many_are_read_and_the_right_one_among_them(put, look, answered, monkeypatch):
    monkeypatch.setattr(staging, "MAX_NOTEBOOKS", 5)
    for number in range(10):
        put(f"ada/a{number}.ipynb", "{")
    put("ada/start.ipynb", answered(1))
    (found,) = look()
    assert answer(found) == "1"
    assert "only the first 5 of many files were looked at" in found.notes


def test_the_order_is_by_student_and_notebook(put, look, blank, course):
    for name in ("bob", "ada"):
        put(f"{name}/start.ipynb", blank)
        put(f"{name}/start_more.ipynb", json.dumps(released(course, "start_more")))
    assert [(found.student, found.notebook) for found in look()] == [
        ("ada", "start"), ("ada", "start_more"), ("bob", "start"), ("bob", "start_more")]


# Handing over.

def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_handed_over_is_read_again_as_the_same_and_nothing_changes(put, look, tmp_path, answered):
    put("ada/start (1).ipynb", answered(1))
    put("bob/start.ipynb", "{")
    put("eve+/start.ipynb", answered(2))
    first = look()
    hand_over(first, tmp_path / "out")
    before = files(tmp_path / "out")
    again = staged(tmp_path / "out", START)
    assert [(h.student, h.notebook, h.cells, h.reason) for h in again] == [(h.student, h.notebook, h.cells, h.reason) for h in first]
    hand_over(first, tmp_path / "out")
    hand_over(again, tmp_path / "out")
    assert files(tmp_path / "out") == before
    assert set(before) == {f"{h.student}/00_start/start.ipynb" for h in first}


def test_a_good_notebook_already_in_place_stays_byte_for_byte(put, look, tmp_path, blank):
    path = put("ada/00_start/start.ipynb", blank)
    hand_over(look(), tmp_path / "in")
    assert files(tmp_path / "in") == {"ada/00_start/start.ipynb": blank.encode()}
    assert path.read_text() == blank


def test_what_stood_in_the_place_is_kept_beside_it(put, look, tmp_path, answered):
    for value in (1, 2, 3):
        put("ada/start.ipynb", answered(value))
        hand_over(look(), tmp_path / "out")
    place = tmp_path / "out" / "ada" / "00_start"
    assert sorted(path.name for path in place.iterdir()) == ["start.ipynb", "start.ipynb.before-1", "start.ipynb.before-2"]
    assert [answer(each) for each in staged(tmp_path / "out", START)] == ["3"]
    assert "return 1" in (place / "start.ipynb.before-1").read_text()


def test_a_file_in_place_that_cannot_be_graded_stays_and_a_pipe_makes_way_for_its_reason(put, look, tmp_path, course):
    put("ada/00_start/start.ipynb", "{")
    put("bob/00_start/start.ipynb", json.dumps(released(course, "behaviour", BEHAVIOUR)))
    (tmp_path / "in" / "eve" / "00_start").mkdir(parents=True)
    os.mkfifo(tmp_path / "in" / "eve" / "00_start" / "start.ipynb")
    reasons = [found.reason for found in look()]
    assert all(reasons)
    hand_over(look(), tmp_path / "in")
    assert (tmp_path / "in/ada/00_start/start.ipynb").read_text() == "{"
    assert (tmp_path / "in/bob/00_start/start.ipynb.before-1").exists()
    assert (tmp_path / "in/eve/00_start/start.ipynb").is_file()
    assert [found.reason for found in look()] == reasons


def test_handing_over_writes_through_no_link(put, look, tmp_path, blank):
    put("ada/start.ipynb", blank)
    put("bob/start.ipynb", blank)
    outside = tmp_path / "outside"
    (outside / "00_start").mkdir(parents=True)
    (outside / "file").write_text("mine")
    (tmp_path / "out" / "bob" / "00_start").mkdir(parents=True)
    (tmp_path / "out" / "ada").symlink_to(outside)
    (tmp_path / "out" / "bob" / "00_start" / "start.ipynb").symlink_to(outside / "file")
    hand_over(look(), tmp_path / "out")
    assert files(outside) == {"file": b"mine"}
    assert all(not path.is_symlink() for path in (tmp_path / "out").glob("*/00_start/start.ipynb"))
    assert [found.reason for found in staged(tmp_path / "out", START)] == ["", ""]


def test_a_learner_cannot_write_markup_into_the_reason(put, look):
    put("ada/start.ipynb", json.dumps({"cells": [], "metadata": {"not_gradable": "<script>alert(1)</script>"}}))
    assert "<script" not in look()[0].reason
