#!/usr/bin/env node
import { processHost } from "./host.ts";
import { main } from "./main.ts";

process.exit(await main(process.argv.slice(2), processHost()));
