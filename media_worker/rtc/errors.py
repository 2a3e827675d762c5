"""Why a room says no."""


class RoomRefused(Exception):
    """`code` is stable and goes to Django; `status` is that of the HTTP answer."""

    def __init__(self, code: str, detail: str = "", *, status: int = 409) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.status = status
