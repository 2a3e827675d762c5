// @ts-check
/**
 * @typedef {"wechat" | "alipay" | "dingtalk" | "qq" | "ios_webview" | "android_webview" | "ios_safari" |
 *   "android_browser" | "desktop"} Host
 */

/**
 * What the page runs in; permissions are mended in another place in each.
 * @param {string} agent navigator.userAgent
 * @returns {Host}
 */
export function hostOf(agent) {
  if (/MicroMessenger/i.test(agent)) return "wechat";
  if (/AlipayClient/i.test(agent)) return "alipay";
  if (/DingTalk/i.test(agent)) return "dingtalk";
  if (/\bQQ\/|MQQBrowser.*QQ\//i.test(agent)) return "qq";
  if (/iPhone|iPad|iPod/.test(agent)) return /Safari\//.test(agent) ? "ios_safari" : "ios_webview";
  if (/Android/.test(agent)) return /; wv\)|Version\/[\d.]+ Chrome/.test(agent) ? "android_webview" : "android_browser";
  return "desktop";
}

const SWITCH_BROWSER = "点右上角“…”，选“在浏览器打开”";
/** @type {Record<Host, string[]>} */
const PERMISSION = {
  wechat: [SWITCH_BROWSER, "手机“设置”→“微信”→打开“相机”“麦克风”", "回到本页，点“重新检查”"],
  alipay: [SWITCH_BROWSER, "手机“设置”→“支付宝”→打开“相机”“麦克风”", "回到本页，点“重新检查”"],
  dingtalk: [SWITCH_BROWSER, "手机“设置”→“钉钉”→打开“相机”“麦克风”", "回到本页，点“重新检查”"],
  qq: [SWITCH_BROWSER, "手机“设置”→“QQ”→打开“相机”“麦克风”", "回到本页，点“重新检查”"],
  ios_webview: ["打开手机“设置”，找到本 APP", "打开“相机”和“麦克风”", "回到 APP，点“重新检查”"],
  android_webview: ["打开手机“设置”→“应用管理”→本 APP →“权限”", "“相机”和“麦克风”选“使用时允许”", "回到 APP，点“重新检查”"],
  ios_safari: ["点地址栏左边的“大小”或“AA”", "“网站设置”→“相机”“麦克风”选“允许”", "点“重新检查”"],
  android_browser: ["点地址栏左边的锁形图标", "“权限”→打开“相机”“麦克风”", "点“重新检查”"],
  desktop: ["点地址栏左边的图标", "“摄像头”“麦克风”选“允许”", "点“重新检查”"],
};

/**
 * What the person does next, as steps of one sentence each.
 * @param {string} code of the InterviewError
 * @param {Host} host
 * @returns {string[]}
 */
export function remediesFor(code, host) {
  if (code === "media_denied") return PERMISSION[host];
  if (code === "media_insecure") {
    return host === "desktop" ? ["请用新版 Chrome、Edge 或 Safari 打开本页"] : [SWITCH_BROWSER, "或复制链接，用手机自带浏览器打开"];
  }
  if (code === "media_missing") return ["检查摄像头是否被遮挡或停用", "换一部手机继续"];
  if (code === "media_busy") return ["关闭正在使用摄像头的其他应用或通话", "点“重新检查”"];
  if (code === "network") return ["靠近路由器，或改用手机流量", "关闭正在下载、看视频的应用", "点“重新检查”"];
  return [];
}
