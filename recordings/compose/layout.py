"""Where each participant's tile lies. A place belongs to a person for the whole recording.

A tile that moved whenever somebody came or went would make reviewers search for the face they watch,
so the grid is laid out once for everybody who was there. Only while something is shown to everybody
do they stand in a column beside it, in the same order.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, all even, as 4:2:0 needs."""

    x: int
    y: int
    width: int
    height: int


def columns_for(count: int) -> int:
    """1, 2 side by side, 2x2 up to four, 3 columns beyond."""
    if count <= 1:
        return 1
    return 2 if count <= 4 else 3


def grid(count: int, width: int, height: int) -> list[Box]:
    """`count` boxes (1-10) in reading order, centred; a last row that is not full is centred too."""
    columns = columns_for(count)
    rows = max(1, -(-count // columns))
    tile_width, tile_height = width // columns & ~1, height // rows & ~1
    boxes = []
    for index in range(max(1, count)):
        row, column = divmod(index, columns)
        in_row = min(columns, count - row * columns) or 1
        left = (width - in_row * tile_width) // 2 & ~1
        boxes.append(Box(left + column * tile_width, row * tile_height, tile_width, tile_height))
    return boxes


def staged(count: int, width: int, height: int) -> tuple[Box, list[Box]]:
    """The large box of what is shown, three quarters wide, and `count` (1-10) boxes beside it."""
    stage = Box(0, 0, width * 3 // 4 & ~1, height & ~1)
    columns = 1 if count <= 4 else 2
    rows = max(1, -(-count // columns))
    tile_width, tile_height = (width - stage.width) // columns & ~1, min(height // rows, 160) & ~1
    top = (height - rows * tile_height) // 2 & ~1
    boxes = []
    for index in range(count):
        row, column = divmod(index, columns)
        x, y = stage.width + column * tile_width, top + row * tile_height
        boxes.append(Box(x, y, tile_width, tile_height))
    return stage, boxes


def fitted(width: int, height: int, box: Box) -> Box:
    """The largest even rectangle of the picture's shape, centred in `box`."""
    scale = min(box.width / width, box.height / height)
    w = max(2, min(box.width, round(width * scale)) & ~1)
    h = max(2, min(box.height, round(height * scale)) & ~1)
    return Box(box.x + ((box.width - w) // 2 & ~1), box.y + ((box.height - h) // 2 & ~1), w, h)
