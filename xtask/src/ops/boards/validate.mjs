// Checks boards against Grafana's own types, and queries of logs and traces against Grafana's own grammars.
//
// node validate.mjs BOARDS QUERIES: a folder of boards, and a JSON file of queries with `language`, `place`, `query`.
// The types leave the members of queries open. Needs @grafana/schema, ts-json-schema-generator, ajv, @grafana/lezer-logql and @grafana/lezer-traceql beside it.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';
import { parser as logql } from '@grafana/lezer-logql';
import { parser as traceql } from '@grafana/lezer-traceql';

const [folder, queryFile] = process.argv.slice(2);
const ajv = new Ajv({ allErrors: true, strict: false });
const parts = new Map();

function part(name) {
  if (!parts.has(name)) {
    const type = `Part_${name.replaceAll('-', '')}`;
    const schema = createGenerator({ path: 'grafana_types.ts', type, skipTypeCheck: true }).createSchema(type);
    parts.set(name, ajv.compile(schema));
  }
  return parts.get(name);
}

let errors = 0;
let checked = 0;

function check(name, value, place) {
  const validate = part(name);
  checked += 1;
  if (validate(value)) return;
  for (const error of validate.errors) {
    errors += 1;
    console.error(`${place}: ${name}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
  }
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const board = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  // The types leave out the members that a data source adds to an annotation: those of Prometheus.
  for (const annotation of board.annotations.list) for (const key of ['expr', 'step', 'titleFormat']) delete annotation[key];
  check('dashboard', board, file);
  for (const panel of board.panels.filter((panel) => panel.type !== 'row')) {
    const place = `${file}, ${panel.title}`;
    check(panel.type, panel.options, place);
    if (panel.type === 'timeseries') check('timeseriesFields', panel.fieldConfig.defaults.custom, place);
  }
}
for (const { language, place, query } of JSON.parse(readFileSync(queryFile, 'utf8'))) {
  checked += 1;
  const tree = (language === 'logql' ? logql : traceql).parse(query);
  tree.iterate({
    enter(node) {
      if (!node.type.isError) return;
      errors += 1;
      console.error(`${place}: ${language} has an error at ${node.from}: ${query}`);
    },
  });
}
console.log(`${checked} parts checked, ${errors} errors`);
process.exit(errors === 0 && checked > 100 ? 0 : 1);
