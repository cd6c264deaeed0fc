// Opens each page of a built site in headless Chromium, at a phone's and a desktop's width.
// Usage: node browse_site.mjs SITE_FOLDER; prints {pages, diagrams, faults} as JSON, each fault a sentence.
import { existsSync, globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(new URL("../../infra_cdk/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const [site] = process.argv.slice(2);
const ORIGIN = "http://site.test";
const WIDTHS = [390, 1440];

async function launch() {
  // The package has a browser for this one architecture; playwright-core looks for one of its own elsewhere.
  if (process.arch !== "x64") return chromium.launch();
  const { default: packaged } = require("@sparticuz/chromium");
  packaged.setGraphicsMode = false;
  return chromium.launch({ args: packaged.args, executablePath: await packaged.executablePath() });
}

// Run in the page.
function findFaults(width) {
  const shown = (element) => element.textContent.trim().slice(0, 40);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const overflowing = ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1;
  const faults = [];
  const add = (fault, elements) => elements.forEach((element) => faults.push(`${fault}: ${shown(element)}`));
  if (overflowing(document.documentElement)) faults.push(`is wider than ${width} px`);
  add(`has a table wider than ${width} px`, all(".md-typeset__scrollwrap").filter(overflowing));
  // With sane_lists, a list that what lies between two items has split goes on as another list.
  add("has a list that is split", all("article ol[start]"));
  if (/8 *< *-|<!-- *include/.test(document.body.innerText)) faults.push("has an unresolved include");
  return faults;
}

const browser = await launch();
const faults = [];
const page = await browser.newPage();
let path;
await page.route("**/*", (route) => {
  const url = new URL(route.request().url());
  const file = join(site, decodeURIComponent(url.pathname), url.pathname.endsWith("/") ? "index.html" : "");
  // Building the search index takes longer than all else, on each page.
  if (url.pathname.includes("/search")) return route.abort();
  if (url.origin === ORIGIN && existsSync(file)) return route.fulfill({ path: file });
  faults.push(`${path} requests ${url}`);
  return route.abort();
});
const pages = globSync("**/index.html", { cwd: site }).sort();
let diagrams = 0;
for (path of pages) {
  await page.setViewportSize({ width: WIDTHS[0], height: 100 });
  await page.goto(`${ORIGIN}/${path.replace("index.html", "")}`);
  const sources = readFileSync(join(site, path), "utf8").split('<pre class="mermaid">').length - 1;
  // Material replaces the source by a div with a closed shadow tree as soon as the diagram is drawn.
  const drawn = () => page.locator("div.mermaid").count();
  for (let tries = 0; tries < 100 && (await drawn()) < sources; tries++) await page.waitForTimeout(100);
  if ((await drawn()) < sources) faults.push(`${path} has a diagram that is not drawn`);
  diagrams += await drawn();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 100 });
    for (const fault of await page.evaluate(findFaults, width)) faults.push(`${path} ${fault}`);
  }
}
console.log(JSON.stringify({ pages: pages.length, diagrams, faults: [...new Set(faults)] }));
await browser.close();
