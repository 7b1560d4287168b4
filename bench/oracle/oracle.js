// What Microsoft's own analyser says of queries: reads {"id","kql"} a line, after
// a first line {"tables":[{"name","columns"}]} with columns as "a:long, b:string",
// and writes {"id","columns":[{"name","type"}],"errors":[{"code","message"}]}.
const dir = process.argv[2] + '/node_modules/@kusto/language-service-next/';
require(dir + 'bridge.min.js');
require(dir + 'Kusto.Language.Bridge.js');
const L = Kusto.Language;

function array(list) {
  const out = [];
  const n = list.Count !== undefined ? list.Count : System.Array.getCount(list);
  for (let i = 0; i < n; i++) out.push(System.Array.getItem(list, i));
  return out;
}

const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean);
const tables = JSON.parse(lines.shift()).tables.map((t) => L.Symbols.TableSymbol.From('(' + t.columns + ')').WithName(t.name));
const globals = L.GlobalState.Default.WithDatabase(new L.Symbols.DatabaseSymbol.ctor('db', tables));

for (const line of lines) {
  const query = JSON.parse(line);
  const code = L.KustoCode.ParseAndAnalyze(query.kql, globals);
  const errors = array(code.GetDiagnostics())
    .filter((d) => d.Severity === 'Error')
    .map((d) => ({ code: d.Code, message: d.Message }));
  let columns = null;
  if (code.ResultType && code.ResultType.Columns) {
    columns = array(code.ResultType.Columns).map((c) => ({ name: c.Name, type: c.Type.Name }));
  }
  console.log(JSON.stringify({ id: query.id, columns, errors }));
}
