// SPDX-License-Identifier: Apache-2.0
// check.mjs MODULES SCRATCH < {"dashboards": {name: dashboard}, "expressions": [...]}: every dashboard by Grafana's own types,
// every expression by Prometheus' own grammar. Prints what is wrong; exit 1 if anything is.
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, scratch] = process.argv.slice(2);
const { dashboards, expressions } = JSON.parse(readFileSync(0, 'utf8'));
const require = createRequire(join(modules, 'x'));
const complaints = [];

function typeErrors() {
  const ts = require('typescript');
  symlinkSync(modules, join(scratch, 'node_modules'));
  copyFileSync(join(dirname(fileURLToPath(import.meta.url)), 'types.ts'), join(scratch, 'types.ts'));
  const files = Object.entries(dashboards).map(([name, dashboard]) => {
    const file = join(scratch, `${name}.ts`);
    writeFileSync(file, `import type { Ours } from './types';\nexport const dashboard: Ours = ${JSON.stringify(dashboard, null, 2)};\n`);
    return file;
  });
  const program = ts.createProgram(files, {
    strict: true, noEmit: true, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [], skipLibCheck: true,
  });
  return ts.getPreEmitDiagnostics(program).map((one) => {
    const at = one.file?.getLineAndCharacterOfPosition(one.start);
    return `${one.file?.fileName.split('/').pop()}:${at?.line}: ${ts.flattenDiagnosticMessageText(one.messageText, ' ')}`;
  });
}

async function grammarErrors() {
  const { parser } = await import(require.resolve('@prometheus-io/lezer-promql'));
  return expressions.flatMap((expression) => {
    const errors = [];
    parser.parse(expression).iterate({
      enter: (node) => { if (node.type.isError) errors.push(`no PromQL at ${node.from}: ${expression}`); },
    });
    return errors;
  });
}

complaints.push(...typeErrors(), ...(await grammarErrors()));
complaints.forEach((one) => console.log(one));
console.log(`${Object.keys(dashboards).length} dashboards, ${expressions.length} expressions, ${complaints.length} complaints`);
process.exitCode = complaints.length || !expressions.length ? 1 : 0;
