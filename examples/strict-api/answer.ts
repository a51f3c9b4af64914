import { createHash } from "node:crypto";

const EARTH_RADIUS_KM = 6371;
const GREENWICH = { lat: 51.4779, lon: 0 };

/**
 * What the server computes from a row: for a place, the great-circle distance from Greenwich; for
 * anything else, the SHA-256 of the row.
 */
export function answer(row: unknown): { km: number } | { sha256: string } {
  if (isPlace(row)) return { km: Math.round(distance(row, GREENWICH)) };
  return {
    sha256: createHash("sha256")
      .update(JSON.stringify(row) ?? "")
      .digest("hex"),
  };
}

interface Place {
  readonly lat: number;
  readonly lon: number;
}

function isPlace(row: unknown): row is Place {
  const { lat, lon } = (row ?? {}) as Partial<Place>;
  return typeof lat === "number" && typeof lon === "number";
}

function distance(a: Place, b: Place): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const half =
    Math.sin(radians(b.lat - a.lat) / 2) ** 2 +
    Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(radians(b.lon - a.lon) / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(half));
}
