// A browser without a past, and a way to the gateway.

import { startWeather } from "./weather.js";

/**
 * @param {import("node:test").TestContext} t
 * @param {import("puppeteer-core").Browser} browser
 * @param {{ port: number }} gateway
 * @param {{ key: string, cert: string }} [secure] for a page by https
 */
export async function visit(t, browser, gateway, secure) {
  const way = await startWeather(gateway.port, Math.random, secure);
  const context = await browser.createBrowserContext();
  t.after(async () => {
    if (browser.connected) await context.close();
    await way.end();
  });
  /** @param {string} [query] @param {string} [origin] @param {() => void} [first] runs before any script of the page */
  const open = async (query = "", origin = way.origin, first = undefined) => {
    const tab = await context.newPage();
    if (first) await tab.evaluateOnNewDocument(first);
    /** @type {string[]} */
    const asked = [];
    tab.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await tab.goto(`${origin}/page?${query}`);
    await tab.waitForFunction("window.isReady");
    return Object.assign(tab, { asked });
  };
  return { ...way, open };
}

/** The query of a page whose client has these options. @param {any} options */
export const options = (options) => `options=${encodeURIComponent(JSON.stringify(options))}`;
