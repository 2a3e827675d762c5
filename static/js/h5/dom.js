// @ts-check
/**
 * An element that the template promises.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T}
 */
export function the(root, selector, type) {
  const found = root.querySelector(selector);
  if (!found || (type && !(found instanceof type))) throw new Error(`the page has no ${selector}`);
  return /** @type {T} */ (found);
}

/** @param {ParentNode} root @param {string} selector @param {string} text */
export function write(root, selector, text) {
  for (const place of root.querySelectorAll(selector)) if (place.textContent !== text) place.textContent = text;
}

/**
 * Show a refusal in the step's own place; an empty text takes it away.
 * @param {ParentNode} step
 * @param {string} text
 */
export function showTrouble(step, text) {
  const place = the(step, "[data-trouble]", HTMLElement);
  place.textContent = text;
  place.hidden = !text;
}

/** @param {HTMLElement} button @param {boolean} isOpen */
export function enable(button, isOpen) {
  if (isOpen) button.removeAttribute("aria-disabled");
  else button.setAttribute("aria-disabled", "true");
}

/**
 * Run `act` on a click unless the button is disabled or still at it.
 * @param {HTMLElement} button
 * @param {() => Promise<void> | void} act
 */
export function onPress(button, act) {
  let isBusy = false;
  button.addEventListener("click", async () => {
    if (isBusy || button.getAttribute("aria-disabled") === "true") return;
    isBusy = true;
    try {
      await act();
    } finally {
      isBusy = false;
    }
  });
}

/** @param {unknown} error */
export function sentenceOf(error) {
  return error instanceof Error && error.name === "InterviewError" ? error.message : "出了点问题，请稍后重试。";
}
