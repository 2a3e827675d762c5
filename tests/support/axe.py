"""WCAG 2.2 AA by axe-core, in a page that is open."""

from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# Without `preload`: it copies style sheets that import others into the page, which the CSP refuses.
_RUN = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const { violations } = await axe.run(document, { runOnly: tags, preload: false });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}"""


def axe(page: Page) -> list[str]:
    """`rule: element` of everything that fails. The page's own CSP is not in the way."""
    page.evaluate(_AXE.read_text())
    found: list[str] = page.evaluate(_RUN)
    return found
