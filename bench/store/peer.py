"""Writes rows of requests, read as NDJSON from a pipe, into a database, a transaction a second.

    peer.py sqlite|duckdb|nothing PIPE FILE

The way "nothing" shows what Python itself takes to read them.
"""
import signal
import sys
import time

TYPES = {
    "timestamp": "TIMESTAMP", "duration": "DOUBLE", "success": "VARCHAR", "resultCode": "VARCHAR", "itemCount": "INTEGER",
    "name": "VARCHAR", "url": "VARCHAR", "id": "VARCHAR", "operation_Name": "VARCHAR", "operation_Id": "VARCHAR",
    "cloud_RoleName": "VARCHAR", "cloud_RoleInstance": "VARCHAR", "customDimensions": "JSON",
}


class Nothing:
    def __init__(self, _):
        pass

    def write(self, rows):
        pass

    def close(self):
        pass


class SQLite:
    """Columns, taken out of the rows by SQLite's own JSON functions; a WAL that is synced at every commit."""

    def __init__(self, file):
        import sqlite3

        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE requests (%s)" % ", ".join(TYPES))
        self.db.execute("CREATE INDEX by_time ON requests (timestamp)")
        self.insert = "INSERT INTO requests SELECT %s" % ", ".join("?1 ->> '$.%s'" % c for c in TYPES)

    def write(self, rows):
        self.db.execute("BEGIN")
        self.db.executemany(self.insert, ((row,) for row in rows))
        self.db.execute("COMMIT")

    def close(self):
        self.db.close()


class DuckDB:
    """A second's rows at a time, through a file, as DuckDB's manual has it for many rows."""

    def __init__(self, file):
        import duckdb

        self.db = duckdb.connect(file, config={"threads": 1})
        self.db.execute("CREATE TABLE requests (%s)" % ", ".join('"%s" %s' % c for c in TYPES.items()))
        self.batch = file + ".batch"
        columns = ", ".join("'%s': '%s'" % c for c in TYPES.items())
        self.insert = "INSERT INTO requests SELECT * FROM read_ndjson('%s', columns={%s})" % (self.batch, columns)

    def write(self, rows):
        with open(self.batch, "w") as f:
            f.writelines(rows)
        self.db.execute(self.insert)

    def close(self):
        import os

        self.db.close()
        os.remove(self.batch)


def main():
    way, pipe, file = sys.argv[1:]
    to = {"sqlite": SQLite, "duckdb": DuckDB, "nothing": Nothing}[way](file)
    rows, written, due = [], 0, time.monotonic() + 1
    with open(pipe) as lines:
        print("ready", flush=True)
        for row in lines:
            rows.append(row)
            if time.monotonic() >= due:
                to.write(rows)
                written += len(rows)
                rows, due = [], time.monotonic() + 1
    to.write(rows)
    print("done", written + len(rows), flush=True)
    signal.sigwait([signal.SIGTERM])
    to.close()
    print("closed", flush=True)


signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
main()
