"""The same question to DuckDB, on the same files: duck.py DIR [FROM TO]"""

import json
import sys

import duckdb

directory, *window = sys.argv[1:]
where = ""
if window:
    where = f"where timestamp between timestamp '{window[0]}' and timestamp '{window[1]}'"
connection = duckdb.connect()
connection.execute("set threads = 2")
rows = connection.execute(
    f"""
    select time_bucket(interval 5 minute, timestamp) as bin, count(*) total,
           count(*) filter (success = 'False') failures,
           quantile_disc(duration, 0.95) p95, 100.0 * count(*) filter (success = 'False') / count(*) rate
    from read_json('{directory}/requests-*.ndjson.zst', format = 'newline_delimited', compression = 'zstd',
                   columns = {{timestamp: 'TIMESTAMP', duration: 'DOUBLE', success: 'VARCHAR'}})
    {where} group by 1 order by 1
    """
).fetchall()
json.dump([[at.isoformat(), total, failures, p95, float(rate)] for at, total, failures, p95, rate in rows], sys.stdout)
