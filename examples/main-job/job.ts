/** The job: one POST a city. `API_URL` says where; what is not a 200 is the row's error. */

import type { JobFunction } from "sluice-cli";

interface City {
  readonly name: string;
  readonly country: string;
}

class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: number;

  constructor(status: number, body: string) {
    super(`the API answered ${status}: ${body.trim()}`);
    this.code = status;
  }
}

const url = process.env["API_URL"];
if (!url) throw new Error("set API_URL to the address of the strict API");

// The API counts when a request arrives, so what delays some requests and not others must be done
// with before the first: loading the HTTP client, and opening a connection for each call at once.
const connections = Number(process.env["API_CONNECTIONS"] ?? 20);
const warmUp = Array.from({ length: connections }, () => fetch(`${url}/report`));
for (const response of await Promise.all(warmUp)) await response.arrayBuffer();

const post: JobFunction<City, { name: string; country: string; km: number }> = async (
  city,
  { signal },
) => {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(city), signal });
  const body = await response.text();
  if (response.status !== 200) throw new RefusedError(response.status, body);
  return { name: city.name, country: city.country, ...(JSON.parse(body) as { km: number }) };
};

export default post;
