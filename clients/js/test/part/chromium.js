// The system's Chromium, driven by puppeteer-core; nothing is downloaded.

import { existsSync } from "node:fs";

import puppeteer from "puppeteer-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** @param {string[]} [args] */
export function startChromium(args = []) {
  if (!executablePath) throw new Error("chromium is missing: apt-get install chromium");
  return puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", ...args] });
}

/** Types into a field that may hold something. @param {import("puppeteer-core").Page} page @param {string} field @param {string} text */
export async function fill(page, field, text) {
  await page.waitForSelector(field);
  await page.$eval(field, (found) => (/** @type {any} */ (found).value = ""));
  await page.type(field, text);
}
