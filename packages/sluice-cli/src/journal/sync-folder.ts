import { open } from "node:fs/promises";

/** Makes new names in a folder last through a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {
    // Not every system can open a folder; then the name lasts as long as the system lets it.
  }
}
