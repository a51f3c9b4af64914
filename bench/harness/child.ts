/** The other end of `inChild`: runs one task of one bench in a process of its own. */

import type { Task } from "./in-child.ts";

const [module = "", task = "", argument = "null"] = process.argv.slice(2);
const { tasks } = (await import(module)) as { tasks: Record<string, Task> };
const result = await tasks[task]!(JSON.parse(argument));
process.send!({ result }, () => process.exit());
