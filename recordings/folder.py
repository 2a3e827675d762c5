"""A call's folder as the media worker leaves it: journal, tracks, snapshots. Pure: no Django.

The folder is the truth of a recording. All times are milliseconds from the call's start on the
call's one clock. A worker may have been killed at any moment: a torn last line, a track without its
end and a call without `call.closed` are normal here, not errors.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

JOURNAL = "journal.jsonl"
# What a customer's device recorded while its connection was gone: files and a note beside each.
RESCUE = "rescue"
RESCUE_SOURCE = "customer_device"
# A sender report may move a track this far; beyond it the report is nonsense, not skew.
MAX_CORRECTION_MS = 1500.0
# Publishers that are no persons: an item that is played, a region of the seat's screen.
MEDIA = "media"
CONTENT = {MEDIA: "素材播放", "share": "共享画面"}  # data


class FolderUnreadable(Exception):
    """There is no journal, or it does not begin with `call.opened`."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was in the call. `role` is seat or customer."""

    participant_id: str
    name: str
    role: str
    joined_ms: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A participant's connection was up from `start_ms` until `end_ms`; `left`: ended on purpose.

    `name`: what the connection was called, of content its title.
    """

    participant_id: str
    start_ms: int
    end_ms: int
    left: bool = False
    leg_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of one track. `start_ms` is where its timestamp 0 lies on the call's clock."""

    participant_id: str
    leg_id: str
    leg_no: int
    kind: str
    file: str
    start_ms: float
    end_ms: int | None
    bytes: int | None
    sha256: str | None
    codec: str


@dataclass(slots=True)
class CallFolder:
    path: Path
    t0_unix_ms: int
    end_ms: int
    people: list[Person]
    parts: list[Part]
    connected: list[Stretch]
    notes: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    rescues: list[Part] = field(default_factory=list)
    closed: bool = False
    torn_lines: int = 0
    last_epoch: int = 0

    def parts_of(self, participant_id: str, kind: str) -> list[Part]:
        wanted = (p for p in self.parts if (p.participant_id, p.kind) == (participant_id, kind))
        return sorted(wanted, key=lambda part: part.start_ms)

    def rescues_of(self, participant_id: str) -> list[Part]:
        return [part for part in self.rescues if part.participant_id == participant_id]

    def is_connected(self, participant_id: str, at_ms: float) -> bool:
        return any(
            s.participant_id == participant_id and s.start_ms <= at_ms < s.end_ms
            for s in self.connected
        )

    def on_stage(self, at_ms: float) -> Stretch | None:
        """What is shown to everybody at the moment: the content that came last, None without."""
        return self._content(at_ms, seen=True)

    def only_heard(self, at_ms: float) -> str:
        """The title of what is played without a picture at the moment; empty without."""
        heard = self._content(at_ms, seen=False)
        return heard.name if heard else ""

    def _content(self, at_ms: float, *, seen: bool) -> Stretch | None:
        """The content with, or without, a picture that came last."""
        with_picture = {part.leg_id for part in self.parts if part.kind == "video"}
        shown = [
            s
            for s in self.connected
            if s.participant_id in CONTENT
            and s.start_ms <= at_ms < s.end_ms
            and (s.leg_id in with_picture) is seen
        ]
        return max(shown, key=lambda s: s.start_ms, default=None)

    def has_left(self, participant_id: str, at_ms: float) -> bool:
        """Gone on purpose and not back by then."""
        before = [
            s for s in self.connected if s.participant_id == participant_id and s.start_ms <= at_ms
        ]
        return bool(before) and before[-1].left and before[-1].end_ms <= at_ms

    def raw_files(self) -> list[Path]:
        """Every file that is evidence, in a fixed order: journal, tracks, snapshots, rescues."""
        kept = [self.path / JOURNAL]
        for name in ("tracks", "snapshots", RESCUE):
            folder = self.path / name
            if folder.is_dir():
                kept += sorted(f for f in folder.iterdir() if f.is_file() and f.suffix != ".tmp")
        return kept


def journal_lines(path: Path) -> Iterator[dict[str, Any] | None]:
    """Each line as an object, None for one that was torn by a crash."""
    with path.open("rb") as journal:
        for raw in journal:
            if not raw.strip():
                continue
            try:
                line = json.loads(raw)
            except ValueError:
                line = None
            yield line if isinstance(line, dict) and "kind" in line else None


def read_folder(path: Path) -> CallFolder:
    """What the journal says happened. Raises FolderUnreadable."""
    journal = path / JOURNAL
    if not journal.is_file():
        raise FolderUnreadable(f"no {JOURNAL} in {path.name}")
    lines: list[dict[str, Any]] = []
    torn = 0
    for line in journal_lines(journal):
        if line is None:
            torn += 1
        else:
            lines.append(line)
    opened = next((line for line in lines if line["kind"] == "call.opened"), None)
    if opened is None:
        raise FolderUnreadable(f"no call.opened in {path.name}")
    reports: dict[str, float] = {}
    folder = CallFolder(path, int(opened["t0_unix_ms"]), 0, [], [], [], torn_lines=torn)
    _read_tracks(folder, lines, reports)
    _read_people(folder, lines)
    for line in lines:
        folder.end_ms = max(folder.end_ms, int(line.get("at_ms", 0)))
        folder.last_epoch = max(folder.last_epoch, int(line.get("epoch", 0)))
        if line["kind"] == "note":
            folder.notes.append(line)
        elif line["kind"] == "snapshot":
            folder.snapshots.append(line)
    folder.closed = bool(lines) and lines[-1]["kind"] == "call.closed"
    folder.parts = _aligned(folder.parts, reports)
    for part in folder.parts:
        folder.end_ms = max(folder.end_ms, part.end_ms or 0)
    folder.rescues = _rescues(path / RESCUE)
    return folder


def _rescues(folder: Path) -> list[Part]:
    """The stretches of the customers' devices, in order, by the notes beside them."""
    notes = [json.loads(note.read_bytes()) for note in folder.glob("*.json")]
    parts = [
        Part(
            participant_id=note["participant_id"],
            leg_id="",
            leg_no=0,
            kind=RESCUE,
            file=note["file"],
            start_ms=float(note["start_ms"]),
            end_ms=int(note["end_ms"]),
            bytes=note["bytes"],
            sha256=note["sha256"],
            codec="",
        )
        for note in notes
    ]
    return sorted(parts, key=lambda part: (part.start_ms, part.file))


def _read_tracks(
    folder: CallFolder, lines: Iterable[dict[str, Any]], reports: dict[str, float]
) -> None:
    ended: dict[str, dict[str, Any]] = {}
    for line in lines:
        match line["kind"]:
            case "track.started":
                folder.parts.append(_part(line))
            case "track.sr":
                _note_report(line, reports)
            case "track.ended":
                ended[line["file"]] = line
    for i, part in enumerate(folder.parts):
        if end := ended.get(part.file):
            folder.parts[i] = replace(
                part, end_ms=int(end["end_ms"]), bytes=end.get("bytes"), sha256=end.get("sha256")
            )


def _part(line: dict[str, Any]) -> Part:
    """Who and what is in the line, or else in the name `<participant>.<leg_no>.<kind>.<…>.mkv`."""
    named = Path(line["file"]).name.split(".")
    return Part(
        participant_id=str(line.get("participant_id") or named[0]),
        leg_id=str(line.get("leg_id", "")),
        leg_no=int(line.get("leg_no") or named[1]),
        kind=str(line.get("track") or named[2]),
        file=str(line["file"]),
        start_ms=float(line["start_ms"]),
        end_ms=None,
        bytes=None,
        sha256=None,
        codec=str(line.get("codec", "")),
    )


def _note_report(line: dict[str, Any], reports: dict[str, float]) -> None:
    """Keep where a file's timestamp 0 lies on the sender's clock (ms); the last report knows best."""
    if "ntp_unix_ms" in line and "pts_ms" in line:
        reports[line["file"]] = float(line["ntp_unix_ms"]) - float(line["pts_ms"])


def _aligned(parts: list[Part], reports: dict[str, float]) -> list[Part]:
    """Lay the tracks of one connection out by its sender reports instead of by arrival.

    Network and jitter delay each track differently; the report says when the sender captured it.
    The least delayed track of the leg gives the distance between the sender's clock and ours. A
    part too short for a report of its own shares its track's correction.
    """
    distance: dict[tuple[str, str], float] = {}
    for part in parts:
        if part.file in reports:
            leg = (part.participant_id, part.leg_id)
            delay = part.start_ms - reports[part.file]
            distance[leg] = min(delay, distance.get(leg, delay))
    corrections: dict[tuple[str, str, str], float] = {}
    for part in parts:
        if part.file in reports:
            place = reports[part.file] + distance[part.participant_id, part.leg_id]
            corrections[part.participant_id, part.leg_id, part.kind] = place - part.start_ms
    aligned = []
    for part in parts:
        shift = corrections.get((part.participant_id, part.leg_id, part.kind), 0.0)
        if part.file in reports:
            shift = reports[part.file] + distance[part.participant_id, part.leg_id] - part.start_ms
        moves = shift and abs(shift) <= MAX_CORRECTION_MS
        aligned.append(replace(part, start_ms=part.start_ms + shift) if moves else part)
    return aligned


def _read_people(folder: CallFolder, lines: Iterable[dict[str, Any]]) -> None:
    people: dict[str, Person] = {}
    up: dict[str, int] = {}
    legs: dict[str, str] = {}
    names: dict[str, str] = {}
    last_ms = 0

    def down(participant_id: str, at_ms: int, *, left: bool = False) -> None:
        if (since := up.pop(participant_id, None)) is not None:
            leg_id, name = legs.get(participant_id, ""), names.get(participant_id, "")
            folder.connected.append(Stretch(participant_id, since, at_ms, left, leg_id, name))

    for line in lines:
        at_ms = int(line.get("at_ms", 0))
        who = str(line.get("participant_id", ""))
        match line["kind"]:
            case "leg.joined":
                people.setdefault(
                    who, Person(who, str(line.get("name", "")), str(line.get("role", "")), at_ms)
                )
                legs[who] = str(line.get("leg_id", ""))
                names[who] = str(line.get("name", ""))
                up.setdefault(who, at_ms)
            case "leg.recovered":
                up.setdefault(who, at_ms)
            case "leg.lost":
                down(who, at_ms)
            case "leg.closed" if legs.get(who) == str(line.get("leg_id", "")):
                # The close of a leg that was taken over says nothing.
                down(who, at_ms, left=True)
            case "worker.started":
                # The one before was killed; what it held ended with its last line.
                for participant_id in list(up):
                    down(participant_id, last_ms)
        last_ms = at_ms
    for participant_id in list(up):
        down(participant_id, 1 << 62)
    for part in folder.parts:  # a joined line may have been torn
        people.setdefault(
            part.participant_id, Person(part.participant_id, "", "", int(part.start_ms))
        )
    # The seat first, so that its tile is in the same place in every recording.
    # A supervisor who only listened sent nothing and is no picture.
    seen = {part.participant_id for part in folder.parts}
    there = (p for p in people.values() if p.role != "supervisor" or p.participant_id in seen)
    order = {"seat": 0, "supervisor": 2}
    folder.people = sorted(there, key=lambda p: (order.get(p.role, 1), p.joined_ms))
