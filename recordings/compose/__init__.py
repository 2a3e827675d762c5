"""One MP4 out of a call's raw tracks. No Django: it runs as a process of its own, with nice.

`python -m recordings.compose FOLDER OUT.mp4 --spec SPEC.json` prints JSON lines: progress, then
the result.
"""
