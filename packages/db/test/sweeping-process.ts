// Sweeps one blob of a folder again and again: the other process of a race. Arguments: folder, hash.
import { FolderArtifactStore } from "../src/folder-artifact-store.ts";

const [folder, sha256] = process.argv.slice(2);
const store = await FolderArtifactStore.open(folder);
process.send?.("ready");
for (;;) {
  await store.deleteUnused(sha256, new Date(Date.now() - 60_000));
  await new Promise((resolve) => setImmediate(resolve));
}
