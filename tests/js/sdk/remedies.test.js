import assert from "node:assert/strict";
import test from "node:test";

import { hostOf, remediesFor } from "../../../static/sdk/remedies.js";

const AGENTS = {
  wechat: "Mozilla/5.0 (Linux; Android 12; V2118A; wv) AppleWebKit/537.36 Version/4.0 Chrome/111 Mobile Safari/537.36 MicroMessenger/8.0.49",
  alipay: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 AlipayClient/10.5",
  ios_safari: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1",
  ios_webview: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 BankApp/6.2",
  android_webview: "Mozilla/5.0 (Linux; Android 13; SM-G9980; wv) AppleWebKit/537.36 Version/4.0 Chrome/120 Mobile Safari/537.36 BankApp",
  android_browser: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
  desktop: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
};

for (const [host, agent] of Object.entries(AGENTS)) {
  test(`${host} is known by its agent and has a remedy for a refused camera`, () => {
    assert.equal(hostOf(agent), host);
    assert.equal(remediesFor("media_denied", hostOf(agent)).length, 3);
  });
}

test("a code without a remedy has none", () => {
  assert.deepEqual(remediesFor("offline", "desktop"), []);
});
