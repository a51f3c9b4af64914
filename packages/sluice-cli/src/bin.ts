#!/usr/bin/env node
import { processHost } from "./host.ts";
import { main } from "./main.ts";
import { tellOfUnexpectedExit } from "./unexpected-exit.ts";

const ended = tellOfUnexpectedExit();
const code = await main(process.argv.slice(2), processHost());
ended();
process.exit(code);
