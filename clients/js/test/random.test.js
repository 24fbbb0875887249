// Randomized runs in a real Chromium: tabs, reloads, back and forward, slow and lost answers, rotations, sign-ins and
// sign-outs. No honest request may end in a refusal that the person sees.
//
// RUNS=1000 for the long run, SEED=… to repeat one. Each run prints its seed where it fails.

import assert from "node:assert/strict";
import { test } from "node:test";

import { startChromium } from "./part/chromium.js";
import { startGateway } from "./part/gateway.js";
import { seeded, startWeather } from "./part/weather.js";

const RUNS = Number(process.env.RUNS ?? 12);
const LANES = 3;
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);

/** One browser, with what its owner knows of it. */
class Person {
  constructor(context, origin, weather, chance, credentials, tally) {
    Object.assign(this, { context, origin, weather, chance, credentials, tally });
    /** @type {import("puppeteer-core").Page[]} */
    this.tabs = [];
    /** `in` and `out` are sure; `open` is what a lost answer leaves. */
    this.session = "out";
    /** @type {string[]} */
    this.story = [];
  }

  pick(list) {
    return list[Math.floor(this.chance() * list.length)];
  }

  async open() {
    if (this.tabs.length > 2) return;
    const tab = await this.context.newPage();
    this.tabs.push(tab);
    await this.load(() => tab.goto(`${this.origin}/page?n=${Math.floor(this.chance() * 9)}`), tab);
  }

  async load(run, tab) {
    await run().catch(() => null);
    if (tab.url().startsWith("about:")) await tab.goto(`${this.origin}/page`);
    await tab.waitForFunction("window.isReady");
  }

  /** What the person sees of something that runs in a tab. */
  async see(tab, what, script, ...words) {
    const outcome = await tab.evaluate(script, ...words);
    this.tally.requests += 1;
    const isLost = outcome.reason === "client.unreachable" || outcome.reason === "client.timeout";
    if (isLost) this.tally.faults += 1;
    // A machine that is too slow for the sign-ins of this test says so; the person tries again.
    const isBusy = outcome.reason === "signin.busy";
    if (isBusy) this.tally.busy += 1;
    const isEnd = outcome.kind === "session" && this.session !== "in";
    if (isEnd) this.tally.ends += 1;
    const isRefused = outcome.reason && !isBusy && !isEnd && !(isLost && this.weather.loss > 0);
    if (isRefused) throw new Error(`${what} ended in ${JSON.stringify(outcome)}, session: ${this.session}`);
    return outcome;
  }

  async signIn(tab) {
    this.session = "open";
    const outcome = await this.see(tab, "a sign-in", (credentials) => window["seen"](async () => (await window["client"].login(credentials)).status), this.credentials);
    if (outcome.value) this.session = "in";
  }

  async signOut(tab) {
    this.session = "open";
    const outcome = await this.see(tab, "a sign-out", () => window["seen"](() => window["client"].logout()));
    if (!outcome.reason) this.session = "out";
  }

  act(tab) {
    return this.see(tab, "a change", () => window["seen"](() => window["client"].request("devices", undefined, { method: "DELETE" })));
  }

  async step() {
    const tab = this.pick(this.tabs);
    const steps = {
      open: () => this.open(),
      reload: () => this.load(() => tab.reload(), tab),
      go: () => this.load(() => tab.goto(`${this.origin}/page?n=${Math.floor(this.chance() * 9)}`), tab),
      back: () => this.load(() => tab.goBack({ timeout: 2000 }), tab),
      forward: () => this.load(() => tab.goForward({ timeout: 2000 }), tab),
      signIn: () => this.signIn(tab),
      signOut: () => this.signOut(tab),
      act: () => this.act(tab),
      burst: () => Promise.all([tab, tab, this.pick(this.tabs), this.pick(this.tabs)].map((one) => this.act(one))),
      signInBesideReads: () => Promise.all([this.signIn(tab), tab.evaluate(() => window["seen"](() => window["client"].me()))]),
      rotate: () => tab.evaluate(() => fetch("/api/v1/auth/csrf-token").then(() => null, () => null)),
      restore: () => tab.evaluate(() => void dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))),
      mountTwice: () => tab.evaluate(() => void Promise.all([window["client"].ready(), window["client"].ready()]).catch(() => {})),
      expire: () => tab.evaluate(() => new Promise((done) => setTimeout(done, 1000))),
      leave: async () => {
        // Somebody clicks and is gone before the answer is there.
        tab.evaluate(() => window["client"].request("devices", undefined, { method: "DELETE" })).catch(() => {});
        await this.load(() => tab.reload(), tab);
      },
      calm: () => Object.assign(this.weather, { delay: 0, loss: 0 }),
      slow: () => Object.assign(this.weather, { delay: 120, loss: 0 }),
      lossy: () => Object.assign(this.weather, { delay: 40, loss: 0.25 }),
    };
    const often = ["act", "act", "act", "act", "burst", "burst", "signIn", "signIn", "signIn", "reload", "back", "forward", "slow", "lossy", "lossy", "lossy", "calm"];
    const name = this.pick([...Object.keys(steps), ...often]);
    this.story.push(name);
    await steps[name]();
  }
}

test(`in ${RUNS} randomized runs no honest request ends in a refusal that the person sees`, { timeout: 7200000 }, async () => {
  // Tokens live for two seconds and are replaced with each answer: a day of a browser in a second.
  const gateway = await startGateway({ settings: { DOORWARD_CSRF__ROTATE: "always", DOORWARD_CSRF__MAX_AGE: "2s", DOORWARD_PASSWORD__HASH: "low-memory", LOG_LEVEL: "error" } });
  const browser = await startChromium();
  const tally = { runs: 0, steps: 0, requests: 0, faults: 0, busy: 0, ends: 0, lost: 0 };
  const began = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < RUNS) {
      const seed = SEED + next++;
      const chance = seeded(seed);
      const way = await startWeather(gateway.port, seeded(seed + 1e9));
      const context = await browser.createBrowserContext();
      const person = new Person(context, way.origin, way.weather, chance, { email: gateway.email, password: gateway.password }, tally);
      try {
        await person.open();
        if (chance() < 0.7) await person.signIn(person.tabs[0]);
        for (let step = 0; step < 12; step += 1, tally.steps += 1) await person.step();
        // And in the end, in calm weather, everything works.
        Object.assign(way.weather, { delay: 0, loss: 0 });
        for (let tries = 0; person.session !== "in" && tries < 5; tries += 1) await person.signIn(person.tabs[0]);
        assert.equal(person.session, "in");
        for (const tab of person.tabs) await person.act(tab);
      } catch (error) {
        assert.fail(`seed ${seed}, ${person.story.join(" ")}: ${error}`);
      } finally {
        tally.lost += way.weather.lost;
        await context.close();
        await way.end();
      }
      tally.runs += 1;
      if (tally.runs % 100 === 0) console.log(`${tally.runs} runs: ${JSON.stringify(tally)}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    console.log(`seed ${SEED}: ${JSON.stringify({ ...tally, seconds: Math.round((performance.now() - began) / 1000) })}, refusals seen: ${tally.runs === RUNS ? 0 : "one"}`);
    await browser.close();
    await gateway.end();
  }
});
