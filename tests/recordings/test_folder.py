"""Reading what a media worker left behind, however it ended."""

from dataclasses import replace
from pathlib import Path

import pytest

from recordings.folder import FolderUnreadable, read_folder
from tests.support.footage import Take, make_call_folder, two_people


def silent(takes: list[Take]) -> list[Take]:
    """Audio only: quick to make."""
    return [replace(take, video=False) for take in takes]


def test_a_torn_last_line_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    call = make_call_folder(tmp_path, "call", silent(two_people(1)), 1)
    journal = call / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-30])

    folder = read_folder(call)

    assert folder.torn_lines == 1
    assert not folder.closed
    assert {person.participant_id for person in folder.people} == {"seat1", "cust1"}


def test_a_folder_without_journal_or_opening_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(FolderUnreadable):
        read_folder(tmp_path)

    (tmp_path / "journal.jsonl").write_text('{"seq": 1, "kind": "leg.jo')
    with pytest.raises(FolderUnreadable):
        read_folder(tmp_path)


def test_presence_ends_where_the_worker_was_killed(tmp_path: Path) -> None:
    seat, customer = silent(two_people(4))
    before = replace(customer, until_s=1, ended=False)
    after = replace(customer, from_s=2, leg_no=2, epoch=2)

    folder = read_folder(make_call_folder(tmp_path, "call", [seat, before, after], 4))

    assert folder.last_epoch == 2
    assert not folder.is_connected("cust1", 1900)
    assert not folder.has_left("cust1", 1900)
    assert folder.is_connected("cust1", 2100)


def test_who_left_is_told_from_who_was_lost(tmp_path: Path) -> None:
    seat, customer = silent(two_people(4))
    gone = replace(customer, until_s=2)

    folder = read_folder(make_call_folder(tmp_path, "call", [seat, gone], 4))

    assert not folder.has_left("cust1", 1500)
    assert folder.has_left("cust1", 2500)
    assert not folder.is_connected("cust1", 2500)


def test_reports_place_both_tracks_of_a_leg_by_the_senders_clock(tmp_path: Path) -> None:
    late = [replace(t, arrival_ms=(300, 80), reports=True) for t in two_people(1)]

    folder = read_folder(make_call_folder(tmp_path, "call", late, 1))

    for who, start_ms in (("seat1", 280), ("cust1", 480)):
        for kind in ("audio", "video"):
            assert folder.parts_of(who, kind)[0].start_ms == pytest.approx(start_ms, abs=1)


def test_the_evidence_is_journal_tracks_and_snapshots(tmp_path: Path) -> None:
    call = make_call_folder(tmp_path, "call", silent(two_people(1)), 1)
    (call / "snapshots" / "s1.jpg").write_bytes(b"jpeg")
    (call / "snapshots" / "half.tmp").write_bytes(b"")

    names = [file.name for file in read_folder(call).raw_files()]

    assert names == [
        "journal.jsonl",
        "cust1.1.audio.e1.001.mkv",
        "seat1.1.audio.e1.001.mkv",
        "s1.jpg",
    ]
