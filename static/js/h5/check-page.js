// @ts-check
import { InterviewClient } from "../../sdk/interview-client.js";
import { hostOf, remediesFor } from "../../sdk/remedies.js";
import { mountComfort } from "./comfort.js";
import { mountDeviceCheck } from "./device-check.js";
import { onPress, sentenceOf, the, write } from "./dom.js";

/**
 * The check of the device days before the interview; its result shows on the appointment.
 * @param {HTMLElement} root
 * @param {{ ticket: string, kept: Storage, baseUrl?: string }} deps
 */
export async function mountCheckPage(root, { ticket, kept, baseUrl = "" }) {
  const client = new InterviewClient({ ticket, baseUrl });
  mountComfort(root, { kept });

  /** @param {string} name */
  function show(name) {
    root.dataset.phase = name;
    scrollTo(0, 0);
    for (const each of root.querySelectorAll("[data-step]")) {
      if (each instanceof HTMLElement) each.hidden = each.dataset.step !== name;
    }
  }

  try {
    await client.admit();
  } catch (error) {
    write(root, "#refusal", sentenceOf(error));
    show("refused");
    return;
  }
  const host = hostOf(navigator.userAgent);
  write(root, '[data-fact="bring"]', client.session?.bring.join("、") ?? "");
  show("intro");
  onPress(the(root, "#check-again", HTMLElement), () => location.reload());
  onPress(the(root, "#check-start", HTMLElement), async () => {
    show("devices");
    const seconds = client.session?.options.network_test_s ?? 0;
    const { stream, microphone, speaker, network } = await mountDeviceCheck(the(root, '[data-step="devices"]', HTMLElement), {
      goOn: "完成检查",
      handOver: null,
      testNetwork: seconds
        ? (local, progress) => {
            client.useMedia(local);
            return client.testNetwork({ seconds, progress });
          }
        : null,
      failed: (code) => {
        const blind = { camera: false, microphone: false, speaker: false, network: "unknown", host, trouble: code };
        void client.noteCheck(blind).catch((error) => write(root, "#refusal", sentenceOf(error)));
      },
    });
    for (const track of stream.getTracks()) track.stop();
    const check = {
      camera: true, microphone, speaker, host,
      network: network?.grade ?? "unknown",
      loss_percent: network?.lossPercent ?? null, rtt_ms: network?.rttMs ?? null, kbps: network?.kbps ?? null,
    };
    try {
      tell(root, (await client.noteCheck(check)).passed, check);
    } catch (error) {
      write(root, "#result-title", "检查结果没有送达");
      write(root, "#result-word", sentenceOf(error));
    }
    show("result");
  });
}

/**
 * @param {HTMLElement} root
 * @param {boolean} passed
 * @param {{ microphone: boolean, speaker: boolean, network: string }} check
 */
function tell(root, passed, check) {
  write(root, "#result-title", passed ? "手机可以面谈" : "还有问题要处理");
  write(root, "#result-word", passed ? "结果已告知坐席，面谈当天从 APP 进入即可。" : "处理后再检查一次；也可以换一部手机。");
  the(root, "#result-mark").classList.toggle("is-bad", !passed);
  const list = the(root, "#result-remedies", HTMLElement);
  const steps = troubles(check);
  list.hidden = steps.length === 0;
  list.replaceChildren(...steps.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

/**
 * What is still to be done, in sentences.
 * @param {{ microphone: boolean, speaker: boolean, network: string }} check
 * @returns {string[]}
 */
export function troubles({ microphone, speaker, network }) {
  const steps = [];
  if (!microphone) steps.push("没有听到您的声音：检查麦克风是否被遮住，再说一次“你好”");
  if (!speaker) steps.push("没有听到铃声：调大音量，关闭静音，取下没电的耳机");
  if (network === "unknown") steps.push("网络没有测成：请稍后再检查一次");
  if (network === "poor" || network === "failed") steps.push(...remediesFor("network", "desktop").slice(0, 2));
  return steps;
}
