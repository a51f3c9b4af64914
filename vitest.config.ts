import { defineConfig } from "vitest/config";

const built = ["scripts/setup.mjs"]; // these projects see `sluice` as its users do: built
// against real ones
const servers = [
  "packages/sluice/test/{redis,postgres,servers,chaos,nodes}/**/*.test.ts",
  "packages/sluice-cli/test/stores/**/*.test.ts",
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "sluice",
          include: ["packages/sluice/{src,test}/**/*.test.ts"],
          exclude: servers,
          setupFiles: ["packages/sluice/test/seed.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "stores",
          include: servers,
          globalSetup: [...built, "packages/sluice/test/servers/setup.ts"],
          setupFiles: ["packages/sluice/test/seed.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "sluice-cli",
          include: ["packages/sluice-cli/{src,test}/**/*.test.ts"],
          exclude: servers,
          setupFiles: ["packages/sluice/test/seed.ts"],
          globalSetup: built,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "examples",
          include: ["examples/**/*.test.ts"],
          globalSetup: built,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "house",
          sequence: { groupOrder: 1 }, // npm and compilers at work: after the others
          include: ["test/**/*.test.ts"],
          globalSetup: built,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
