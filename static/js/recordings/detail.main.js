// @ts-check
/** The page of one recording, and of one review: the player, and everything that seeks in it. */
import { mountFind } from "./find.js";
import { keepOpen } from "./keep-open.js";
import { mountLatePanels } from "./late-panels.js";
import { mountPictures } from "./pictures.js";
import { mountPlayer } from "./player.js";
import { mountReel, showReel } from "./reel.js";
import { mountSeek, spanOf } from "./seek.js";
import { showUpload } from "./upload.js";
import { reportWatched } from "./watched.js";

const root = document.getElementById("player");
const data = document.getElementById("review-view");
const upload = document.getElementById("upload");
const reel = document.getElementById("reel");

if (root && data) {
  const view = JSON.parse(data.textContent ?? "{}");
  const player = mountPlayer(root, view, {
    watermark: root.dataset.viewer ?? "",
    onWatched: reportWatched(root.dataset.watchedUrl ?? ""),
    onRefused: () => open.refused(),
  });
  const open = keepOpen(root.dataset.reviewUrl ?? "", view, (fresh) => {
    player.renew(fresh);
    if (upload) showUpload(upload, fresh.upload);
    if (reel) showReel(reel, fresh.reel);
  });
  if (upload) showUpload(upload, view.upload);
  if (reel) {
    showReel(reel, view.reel);
    mountReel(reel, open.ask);
  }
  const pictures = mountPictures(document.body);
  mountLatePanels(document.body, pictures.look);
  mountSeek(document.body, (ms, untilMs) => player.show(ms, untilMs));
  const find = document.getElementById("find");
  const marks = document.getElementById("marks");
  const firstFound = find instanceof HTMLInputElement && marks ? mountFind(find, marks, document.getElementById("marks-count")) : () => null;
  const asked = spanOf(location.hash);
  const found = firstFound();
  if (asked) player.show(asked.fromMs, asked.toMs);
  else if (found !== null) player.show(found, null);
  document.addEventListener("player:where", (event) => {
    /** @type {CustomEvent<{atMs: number}>} */ (event).detail.atMs = player.atMs;
  });
}
