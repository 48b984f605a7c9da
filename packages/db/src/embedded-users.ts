import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * The processes that use an embedded server: a file each, in a folder beside the cluster. A file names its process by
 * id and start time, so that neither a killed process nor one that was given its id later counts as a user.
 * Synchronous: a process that exits has no time for anything else.
 */
export class EmbeddedUsers {
  readonly #folder: string;
  readonly #own: string;

  constructor(folder: string) {
    this.#folder = path.join(folder, "users");
    this.#own = `${process.pid}.${randomBytes(6).toString("hex")}`;
  }

  join(): void {
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(path.join(this.#folder, this.#own), startOf(process.pid) ?? "");
  }

  leave(): void {
    rmSync(path.join(this.#folder, this.#own), { force: true });
  }

  /** Whether anybody uses the server. Forgets users that have died. */
  any(): boolean {
    let found = false;
    for (const name of readdirSync(this.#folder)) {
      const file = path.join(this.#folder, name);
      if (isAlive(Number(name.split(".")[0]), file)) found = true;
      else rmSync(file, { force: true });
    }
    return found;
  }
}

function isAlive(pid: number, file: string): boolean {
  try {
    return pid > 0 && startOf(pid) === readFileSync(file, "utf8");
  } catch {
    return false;
  }
}

/** When the process started, in words of its platform; undefined when there is none, or only a zombie. */
function startOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The fields after the name of the program, which may hold blanks: the state first, the start at place 19.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  return spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).stdout?.trim() ?? "";
}
