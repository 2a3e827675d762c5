"""Which items a product has."""

from .models import ProductMedia


def items_for(product_code: str) -> list[ProductMedia]:
    """Enabled items with a file, in order; `auto_play` tells how they start (MKT-2)."""
    return list(
        ProductMedia.objects.filter(product_code=product_code, item__enabled=True)
        .exclude(item__file="")
        .select_related("item")
    )
