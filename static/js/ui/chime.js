// @ts-check
/** Two soft notes, about a second; resolves when they have ended. */
export async function chime() {
  const context = new AudioContext();
  const begin = context.currentTime;
  for (const [index, hertz] of [659.3, 880].entries()) {
    const tone = context.createOscillator();
    const loudness = context.createGain();
    const start = begin + index * 0.35;
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(0.4, start + 0.03);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
    tone.connect(loudness).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.6);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await context.close();
}
