"""How shares and spans are written; the same as everywhere."""

from ui.templatetags.ui_figures import percent, register, span

__all__ = ["percent", "register", "span"]
