"""Every change of the marketing items."""

from .encoding import due_items, encode_item, forget_old_files
from .items import delete_item, set_enabled
from .uploads import begin_upload, drop_stale_uploads, give_up_upload, take_chunk

__all__ = [
    "begin_upload",
    "delete_item",
    "drop_stale_uploads",
    "due_items",
    "encode_item",
    "forget_old_files",
    "give_up_upload",
    "set_enabled",
    "take_chunk",
]
