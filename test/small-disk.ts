// A file system of its own that a test can fill: a tmpfs, which only the superuser may mount.
import { execFileSync } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface SmallDisk {
  folder: string;
  /** Writes until so many bytes are taken. @returns gives them back */
  fill(bytes: number): Promise<() => Promise<void>>;
  /** Writes until nothing more is taken. @returns gives it back */
  fillUp(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** @returns null where mounting is not permitted; then say so and skip the test */
export async function mountSmallDisk(mebibytes: number): Promise<SmallDisk | null> {
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", folder], { stdio: "pipe" });
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
  const fill = async (bytes: number) => {
    const ballast = path.join(folder, "ballast");
    const file = await open(ballast, "a");
    try {
      for (let written = 0; written < bytes; )
        written += (await file.write(Buffer.alloc(Math.min(65_536, bytes - written), 1))).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      await file.close();
    }
    return () => rm(ballast);
  };
  return {
    folder,
    fill,
    fillUp: () => fill(Number.POSITIVE_INFINITY),
    close: async () => {
      execFileSync("umount", [folder]);
      await rm(folder, { recursive: true });
    },
  };
}

export const noSmallDisk = "mounting a tmpfs is not permitted here: run as root to test a full disk";
