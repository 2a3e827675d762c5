// @ts-check
/**
 * Recognition on the device: liveness and face comparison, ID card, expression. Nothing of it is loaded
 * unless the bank has installed it and the person has agreed to this one kind.
 *
 * An adapter is an ES module with `start(context)`; what it returns is called at the end of the call.
 *
 * @typedef {{
 *   kind: string, module: string, text_version: string, title: string, text: string, alternative: string,
 *   agreed: boolean,
 * }} Adapter
 * @typedef {{
 *   stream: () => MediaStream | null,
 *   observe: (code: string) => Promise<void>,
 *   signal: AbortSignal,
 * }} AdapterContext `stream` answers the stream that is published now; `observe` tells the seat a code
 *   of the interface's list
 * @typedef {{ start: (context: AdapterContext) => void | Promise<void> }} AdapterModule
 */

/**
 * Start what was agreed to. An adapter that breaks ends alone: the call goes on without it.
 * @param {readonly Adapter[]} adapters
 * @param {{
 *   stream: () => MediaStream | null,
 *   observe: (kind: string, code: string) => Promise<void>,
 *   load?: (module: string) => Promise<AdapterModule>,
 *   broken?: (kind: string, error: unknown) => void,
 * }} deps
 * @returns {() => void} stops them all
 */
export function startAdapters(adapters, { stream, observe, load = (module) => import(module), broken = () => undefined }) {
  const end = new AbortController();
  for (const { kind, module, agreed } of adapters) {
    if (!agreed) continue;
    void load(module)
      .then(({ start }) => {
        if (end.signal.aborted) return undefined;
        return start({ stream, observe: (code) => observe(kind, code), signal: end.signal });
      })
      .catch((error) => broken(kind, error));
  }
  return () => end.abort();
}
