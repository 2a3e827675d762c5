// @ts-check
/** A few soft notes for who sits here; they go nowhere near what is sent or recorded. */

/** @typedef {readonly (readonly [number, number])[]} Notes seconds from now, hertz */

/** @param {() => AudioContext} [now] */
export function toneOf(now = () => new AudioContext()) {
  /** @type {AudioContext | null} */
  let audio = null;
  return (/** @type {Notes} */ notes) => {
    audio ??= now();
    void audio.resume().catch(() => undefined); // refused without a gesture: the twin on screen stays
    for (const [at, hertz] of notes) {
      const tone = audio.createOscillator();
      const gain = audio.createGain();
      const begin = audio.currentTime + at;
      gain.gain.setValueAtTime(0.0001, begin);
      gain.gain.exponentialRampToValueAtTime(0.25, begin + 0.03);
      gain.gain.exponentialRampToValueAtTime(0.0001, begin + 0.2);
      tone.frequency.value = hertz;
      tone.connect(gain).connect(audio.destination);
      tone.start(begin);
      tone.stop(begin + 0.22);
    }
  };
}
