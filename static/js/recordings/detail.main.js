// @ts-check
/** The page of one recording: the composed copy, or the raw tracks until it is there. */
import { mountReview } from "./review.js";
import { mountSeek } from "./seek.js";

const composed = document.getElementById("composed");
const review = document.getElementById("review");
const data = document.getElementById("review-view");

if (composed instanceof HTMLVideoElement) {
  mountSeek(document.body, (ms) => {
    composed.currentTime = ms / 1000;
    composed.play().catch(() => undefined); // refused without a gesture: the controls are there
  });
} else if (review && data) {
  const player = mountReview(review, JSON.parse(data.textContent ?? "{}"));
  mountSeek(document.body, (ms) => player.seek(ms));
}
