// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { actOf } from "../../../static/js/workbench/keys.js";

const pressed = (/** @type {object} */ more) => ({ key: "", ctrlKey: false, isComposing: false, inField: false, ...more });

test("keys of a call mean their act, also while writing in a field", () => {
  assert.equal(actOf(pressed({ key: "F9", inField: true })), "snapshot");
  assert.equal(actOf(pressed({ key: "F4" })), "tag");
  assert.equal(actOf(pressed({ key: "Enter", ctrlKey: true })), "accept");
});

test("nothing happens while an input method composes", () => {
  assert.equal(actOf(pressed({ key: "F9", isComposing: true })), null);
  assert.equal(actOf(pressed({ key: "Enter", ctrlKey: true, isComposing: true })), null);
});

test("a letter typed into a field is a letter", () => {
  assert.equal(actOf(pressed({ key: "?", inField: true })), null);
  assert.equal(actOf(pressed({ key: "?" })), "help");
  assert.equal(actOf(pressed({ key: "Enter" })), null);
});

test("with Shift a key asks for the kind, and letters count only with Ctrl or Alt", () => {
  assert.equal(actOf(pressed({ key: "F9", shiftKey: true })), "snapshot_kind");
  assert.equal(actOf(pressed({ key: "F8", shiftKey: true })), "step_back");
  assert.equal(actOf(pressed({ key: "k", code: "KeyK", ctrlKey: true, inField: true })), "palette");
  assert.equal(actOf(pressed({ key: "s", code: "KeyS", altKey: true })), "share");
  assert.equal(actOf(pressed({ key: "s", code: "KeyS" })), null);
  assert.equal(actOf(pressed({ key: "s", code: "KeyS", ctrlKey: true })), null);
  assert.equal(actOf(pressed({ key: "F4", altKey: true })), null);
});
