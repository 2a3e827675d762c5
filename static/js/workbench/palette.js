// @ts-check
import { byId, el } from "./dom.js";

/**
 * @typedef {{ label: string, keys?: string, act: () => void }} Command
 */

/**
 * Commands whose words hold all the words that were typed, in the order they were given.
 * @param {readonly Command[]} commands
 * @param {string} typed
 */
export function matching(commands, typed) {
  const words = typed.trim().toLowerCase().split(/\s+/);
  return commands.filter(({ label, keys = "" }) => words.every((word) => `${label} ${keys}`.toLowerCase().includes(word)));
}

/**
 * Everything a seat can do in a call, by name (Ctrl+K). Also a chooser of a few numbered things.
 * @param {() => Command[]} commands what can be done now
 */
export function mountPalette(commands) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("palette"));
  const input = /** @type {HTMLInputElement} */ (byId("palette-input"));
  const list = byId("palette-list");
  /** @type {Command[]} */
  let offered = [];
  /** @type {Command[]} */
  let found = [];
  let isNumbered = false;
  let at = 0;

  function show() {
    found = isNumbered ? offered : matching(offered, input.value);
    at = Math.max(0, Math.min(at, found.length - 1));
    list.replaceChildren(
      ...found.map((command, index) => {
        const row = el(
          "li",
          { role: "option", id: `command-${index}`, "aria-selected": String(index === at) },
          el("span", {}, command.label),
          ...(command.keys ? [el("span", { class: "kbd" }, command.keys)] : []),
        );
        row.addEventListener("click", () => run(index));
        return row;
      }),
    );
    input.setAttribute("aria-activedescendant", found.length ? `command-${at}` : "");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} index */
  function run(index) {
    const command = found[index];
    if (!command) return;
    dialog.close();
    command.act();
  }

  /** @param {string} label @param {Command[]} rows @param {boolean} numbered */
  function open(label, rows, numbered) {
    if (dialog.open) dialog.close();
    offered = rows;
    isNumbered = numbered;
    at = 0;
    input.value = "";
    input.readOnly = numbered;
    input.placeholder = label;
    input.setAttribute("aria-label", label);
    show();
    dialog.showModal();
    input.focus();
  }

  input.addEventListener("input", () => {
    at = 0;
    show();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") at += event.key === "ArrowDown" ? 1 : -1;
    else if (event.key === "Enter") {
      event.preventDefault();
      run(at);
      return;
    } else if (isNumbered && /^[1-9]$/.test(event.key)) {
      event.preventDefault();
      run(Number(event.key) - 1);
      return;
    } else return;
    event.preventDefault();
    show();
  });

  return {
    open: () => open("输入要做的事", commands(), false),
    /** One of up to nine, by its number. @param {string} label @param {Command[]} rows */
    choose(label, rows) {
      open(label, rows.map((row, index) => ({ ...row, keys: String(index + 1) })), true);
    },
    isOpen: () => dialog.open,
    close: () => dialog.close(),
  };
}
