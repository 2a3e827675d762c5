"""The watch over a room: silence, first frames, sizes, keyframes, proof of recording, quality."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from media_worker.rtc.leg import Leg
from media_worker.rtc.participant import Participant
from media_worker.rtc.quality import Meter

if TYPE_CHECKING:
    from media_worker.rtc.room import Room

PROOF_EVERY_S = 1.0
QUALITY_EVERY_S = 2.0
STALLED_MS = 3000
QUIET_AFTER_S = 1.0  # a path that is back brings its checks a moment before its media


class Watch:
    def __init__(self, room: "Room", disk_free_percent: Callable[[], float]) -> None:
        self.stalled = False
        self._room = room
        self._disk_free_percent = disk_free_percent
        self._proof_at = self._quality_at = 0.0
        self._meters: dict[str, Meter] = {}

    def forget(self, leg: Leg) -> None:
        self._meters.pop(leg.leg_id, None)

    def proof(self) -> dict[str, Any]:
        """What is being written now (body of protocol.Proof)."""
        now = time.monotonic()
        tracks = []
        for person in self._room.participants.values():
            for kind, track in person.tracks.items():
                age = track.write_age_ms
                tracks.append(
                    {
                        "participant_id": person.participant_id,
                        "leg_id": track.name.leg_id,
                        "kind": kind,
                        "file": track.file,
                        "bytes": track.bytes,
                        "last_write_age_ms": age,
                        "stalled": self._is_stalled(person, kind, age, now),
                    }
                )
        return {
            "recording": self._room.recording and self._room.recording_since_ms is not None,
            "since_ms": self._room.recording_since_ms,
            "tracks": tracks,
            "disk_free_percent": round(self._disk_free_percent(), 1),
            "degraded": self._room.video_shed_ms is not None,
        }

    @staticmethod
    def _is_stalled(person: Participant, kind: str, age_ms: int, now: float) -> bool:
        """Packets come but nothing is written."""
        source = person.leg.inbound.get(kind) if person.leg else None
        if source is None or source.last_packet_at is None or source.muted or person.leg is None:
            return False
        if now - source.last_packet_at > 1:
            return False
        connected = person.leg.connected_at
        waited_ms = age_ms if age_ms >= 0 else (now - connected) * 1000 if connected else 0
        return waited_ms > STALLED_MS

    def look(self, now: float) -> None:
        """Called four times a second: silence, first frames, sizes, keyframes, proof, quality."""
        for person in self._room.participants.values():
            if person.leg is not None:
                self._watch_leg(person.leg, now)
        if now - self._proof_at >= PROOF_EVERY_S:
            self._proof_at = now
            proof = self.proof()
            stalled = any(track["stalled"] for track in proof["tracks"])
            if stalled != self.stalled:
                self.stalled = stalled
                self._room.note("recording.stalled" if stalled else "recording.resumed")
                self._room.emit("recording.stalled" if stalled else "recording.resumed")
            self._room.emit("proof", **proof)
        if now - self._quality_at >= QUALITY_EVERY_S:
            self._quality_at = now
            self._report_quality(now)

    def _watch_leg(self, leg: Leg, now: float) -> None:
        self._watch_silence(leg, now)
        for kind, stream in leg.inbound.items():
            if kind not in leg.first_frames and stream.frames + stream.packets * (kind == "audio"):
                leg.first_frames.add(kind)
                self._room.emit("media.first_frame", leg, media=kind)
        video = leg.inbound.get("video")
        if video is None:
            return
        if video.size != leg.announced_size:
            first = leg.announced_size == (0, 0)
            leg.announced_size = video.size
            width, height = video.size
            if not first:
                self._room.note("video.size_changed", **_names(leg), width=width, height=height)
            self._room.emit("video.size_changed", leg, width=width, height=height)
        if (
            self._room.recording
            and video.frames
            and now - video.last_keyframe_at > self._room.options.keyframe_interval_s
            and leg.unheard_for_s(now) < 1
        ):
            video.request_keyframe()

    def _watch_silence(self, leg: Leg, now: float) -> None:
        state, before = leg.standing(now), leg.silence
        leg.quiet_since = (leg.quiet_since or now) if state == "quiet" else None
        if leg.quiet_since is not None and now - leg.quiet_since < QUIET_AFTER_S:
            return
        if state == before:
            return
        leg.silence = state
        if before in ("lost", "quiet") and state != "lost":
            self._room.note("leg.recovered", **_names(leg))
            self._room.emit("leg.recovered", leg)
        elif state == "none":
            self._room.emit("leg.recovered", leg)
        if state == "lost":
            self._room.note("leg.lost", **_names(leg))
            self._room.emit("leg.lost", leg, reason="silent")
        elif state == "quiet":
            self._room.note("leg.quiet", **_names(leg))
            self._room.emit("leg.quiet", leg)
        elif state == "unstable" and before == "none":
            self._room.emit("leg.unstable", leg)

    def _report_quality(self, now: float) -> None:
        narrow: dict[str, float] = {}
        for leg in self._room.legs.values():
            leg.look_upwards()
        spotless = {leg.participant_id for leg in self._room.legs.values() if leg.clean_up}
        for leg in self._room.legs.values():
            if leg.connected_at is None:
                continue
            loss_down = leg.loss_down(spotless)
            leg.grade.look(loss_up=leg.loss_up, loss_down=loss_down, rtt_s=leg.rtt_s)
            meter = leg.measure(now)
            before = self._meters.get(leg.leg_id, meter)
            self._meters[leg.leg_id] = meter
            down = meter.kbps_down(before)
            share = leg.downlink_kbps_per_picture(down, now, self._room.options.max_down_kbps)
            if share is not None:
                for slot in leg.slots:
                    pid = slot.participant_id
                    if pid is not None:
                        narrow[pid] = min(share, narrow.get(pid, share))
            width, height = leg.inbound["video"].size if "video" in leg.inbound else (0, 0)
            self._room.emit(
                "quality",
                leg,
                loss_up=round(leg.loss_up * 100, 1),
                loss_down=round(loss_down * 100, 1),
                rtt_ms=None if leg.rtt_s is None else round(leg.rtt_s * 1000, 1),
                kbps_up=round(meter.kbps_up(before), 1),
                kbps_down=round(down, 1),
                fps=round(meter.fps(before), 1),
                width=width,
                height=height,
                level=leg.grade.level,
                fault=leg.grade.fault,
            )
        for leg in self._room.legs.values():
            leg.subscriber_kbps = narrow.get(leg.participant_id)


def _names(leg: Leg) -> dict[str, str]:
    return {"participant_id": leg.participant_id, "leg_id": leg.leg_id}
