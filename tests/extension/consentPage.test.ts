// The consent page: the text word for word, one choice apart from it, and no word of either taken for the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, consentPage, type Shown, standingOf } from "../../extension/src/consentPage.ts";

const TEXT = { consent: { version: "4", sha256: "a".repeat(64) }, text: "# Consent\n\n<script>alert(1)</script> & \"more\"\n" };
const SHOWN: Shown = { collectorUrl: "https://c.example", serverJkt: "k", participantId: "p-1", given: null, isBaseAgreed: false };
const GIVEN: Shown = { ...SHOWN, given: TEXT.consent };

test("the base snapshot is off until it is chosen", () => {
  for (const shown of [SHOWN, GIVEN]) assert.match(consentPage(TEXT, shown, "n"), /<input type="checkbox" id="base">/);

  assert.match(consentPage(TEXT, { ...GIVEN, isBaseAgreed: true }, "n"), /id="base" checked>/);
});

test("what was agreed to with another text is asked anew", () => {
  const earlier: Shown = { ...SHOWN, given: { version: "3", sha256: "b".repeat(64) }, isBaseAgreed: true };
  const page = consentPage(TEXT, earlier, "n");

  assert.deepEqual(standingOf(TEXT, earlier), { isAgreed: false, isBaseAgreed: false });
  assert.match(page, /I Agree</);
  assert.match(page, /<input type="checkbox" id="base">/);
});

test("who agreed can change the choice alone, or take back all of it", () => {
  const page = consentPage(TEXT, GIVEN, "n");

  assert.match(page, /Save This Choice</);
  assert.match(page, /I No Longer Agree</);
});

test("each answer says two things", () => {
  assert.deepEqual(answerOf({ button: "agree", base: true }), { isAgreed: true, isBaseAgreed: true });
  assert.deepEqual(answerOf({ button: "agree", base: false }), { isAgreed: true, isBaseAgreed: false });
  assert.deepEqual(answerOf({ button: "refuse", base: true }), { isAgreed: false, isBaseAgreed: false });
});

test("whatever else comes from the page is no answer", () => {
  for (const message of ["agree", null, undefined, 1, {}, { button: "other", base: true }]) assert.equal(answerOf(message), undefined);
  assert.deepEqual(answerOf({ button: "agree", base: "yes" }), { isAgreed: true, isBaseAgreed: false });
});

test("no text is taken for markup", () => {
  const page = consentPage(TEXT, { ...SHOWN, participantId: "<img src=x>" }, "n");

  assert.ok(!page.includes("<script>alert") && !page.includes("<img"));
  assert.ok(page.includes("&#60;script&#62;alert(1)"));
});
