import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { readEnvironment, setting } from "./environment.ts";

const prefix = "faultline-scratch";

/** How often {@link keepScratchClean} looks for folders of dead processes, in milliseconds. */
const sweepInterval = 10 * 60_000;

/** Where processes put files for a while: FAULTLINE_SCRATCH, by default the system's folder for temporary files. */
export function scratchDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const { FAULTLINE_SCRATCH } = readEnvironment(
    { FAULTLINE_SCRATCH: setting.text().optional() },
    environment,
  );
  return path.resolve(FAULTLINE_SCRATCH ?? tmpdir());
}

/**
 * Runs `use` with a new folder below `directory`, and removes it afterwards. Its name tells which process it belongs
 * to, so that {@link sweepScratch} can remove it when the process did not come to that.
 */
export async function withScratchFolder<T>(
  directory: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(directory, `${nameOf(process.pid)}-`));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the scratch folders of this machine's dead processes. @returns how many there were */
export async function sweepScratch(directory: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(directory)) {
    const [, machine, pid, start] = /^faultline-scratch-(.+)-(\d+)-(\d+)-\w{6}$/.exec(name) ?? [];
    if (machine !== machineName() || isAlive(Number(pid), start)) continue;
    await rm(path.join(directory, name), { recursive: true, force: true });
    removed++;
  }
  return removed;
}

/**
 * Sweeps now and from time to time.
 *
 * @param failed told of a folder that cannot be read; the next sweep tries again
 * @returns ends the sweeping
 */
export async function keepScratchClean(
  directory: string,
  failed: (error: unknown) => void,
): Promise<() => void> {
  await sweepScratch(directory).catch(failed);
  const timer = setInterval(() => void sweepScratch(directory).catch(failed), sweepInterval);
  timer.unref();
  return () => clearInterval(timer);
}

function nameOf(pid: number): string {
  return `${prefix}-${machineName()}-${pid}-${startOf(pid) ?? 0}`;
}

function machineName(): string {
  return hostname().replaceAll(/[^\w.-]/g, "_");
}

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user's.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = startOf(pid);
  return now === undefined || start === "0" || now === start;
}

/**
 * When a process was started, in clock ticks since the machine was; undefined where the system does not tell. A pid
 * comes again, above all in a container, where every worker is process 1: the pair does not.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold anything. starttime is field 22, the 20th after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
