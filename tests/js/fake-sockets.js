/** WebSockets for tests. */

/** A socket whose other end is the test. */
export class FakeSocket extends EventTarget {
  static made = [];
  constructor(url) {
    super();
    this.url = url;
    this.readyState = 1;
    this.sent = [];
    FakeSocket.made.push(this);
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }
  send(text) {
    const frame = JSON.parse(text);
    this.sent.push(frame);
    if (frame.type === "hello") this.tell({ type: "done", id: frame.id, result: {} });
  }
  tell(frame) {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(frame) }));
  }
  close(code = 1006) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

/** Every packet is swallowed: it neither opens nor closes. */
export class SilentSocket extends EventTarget {
  static made = [];
  readyState = 0;
  constructor() {
    super();
    SilentSocket.made.push(this);
  }
  close() {
    this.readyState = 2;
  }
}

/** The path dies after the hello: nothing is answered, closing is not confirmed. */
export class DeafSocket extends FakeSocket {
  close() {
    this.readyState = 2;
  }
}
