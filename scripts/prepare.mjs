// What `npm run demo`, `npm test` and `npm run dev` need before they can begin: installed packages, the
// generated database client and, for browser tests, a Chromium. Plain Node, because nothing is installed yet.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

// Nothing that we start reports home.
process.env.TURBO_TELEMETRY_DISABLED = "1";
process.env.NEXT_TELEMETRY_DISABLED = "1";

const say = (text) => process.stderr.write(`faultline: ${text}\n`);

/** Runs a command with its output on the terminal; ends this process when it fails. */
export function run(command, args, options = {}) {
  const { status, error, signal } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) throw error;
  if (status !== 0) {
    say(
      `\`${command} ${args.join(" ")}\` ${signal ? `was ended by ${signal}` : `failed with exit code ${status}`}`,
    );
    process.exit(status ?? 1);
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    say(`Node.js 20.19 or newer is needed, this is ${process.versions.node}`);
    process.exit(1);
  }
}

/** Whether node_modules holds exactly what package-lock.json asks for. */
function packagesAreCurrent() {
  const installedPath = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedPath)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, { version, link, optional, peer, devOptional }]) =>
      !path.includes("node_modules/") ||
      link ||
      optional ||
      peer ||
      devOptional ||
      installed[path]?.version === version,
  );
}

function installPackages() {
  if (packagesAreCurrent()) return;
  say("installing packages (npm ci) ...");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Installs what is missing and generates the database client. */
export function prepare() {
  requireNode();
  installPackages();
  run("npm", ["run", "--silent", "generate", "--workspace=@faultline/db"]);
}

const chromiumNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

function onPath(names) {
  for (const folder of (process.env.PATH ?? "").split(delimiter))
    for (const name of names) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here: look on.
      }
    }
  return null;
}

/**
 * Path of a Chromium: CHROMIUM_PATH, else one on PATH, else Debian's package where apt is there, else
 * Playwright's own download (null: Playwright finds that one itself).
 */
export function prepareChromium() {
  const found = process.env.CHROMIUM_PATH ?? onPath(chromiumNames);
  if (found) return found;
  if (onPath(["apt-get"]) && process.getuid?.() === 0) {
    say("installing Debian's chromium for the browser tests (apt-get install chromium) ...");
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    run("apt-get", ["update", "-qq"], { env: environment });
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"], {
      env: environment,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return onPath(chromiumNames);
  }
  say("installing Playwright's chromium for the browser tests ...");
  run("npx", ["playwright", "install", "chromium"]);
  return null;
}
