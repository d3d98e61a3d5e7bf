// Reads and writes the history's file, whose tables are IPython's, and is over.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import sqlite from 'node-sqlite3-wasm';
import type { HistoryAnswer, HistoryTask, Input } from './history.js';

const { path, session, add, wanted } = workerData as HistoryTask;
/** Inputs of earlier sessions that a request sees. */
const MOST = 10_000;
const PATIENCE_MS = 5000;
/** A lock so old is one that a killed kernel left: a transaction takes milliseconds. */
const STALE_MS = 10_000;

const SCHEMA = `
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS sessions (session INTEGER PRIMARY KEY AUTOINCREMENT, start TIMESTAMP, end TIMESTAMP, num_cmds INTEGER, remark TEXT);
CREATE TABLE IF NOT EXISTS history (session INTEGER, line INTEGER, source TEXT, source_raw TEXT, PRIMARY KEY (session, line));`;

type Database = InstanceType<typeof sqlite.Database>;

function open(): Database {
  const folder = dirname(path);
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600); // the inputs are their author's alone
  const db = new sqlite.Database(path);
  try {
    db.exec(SCHEMA);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

function work(): HistoryAnswer {
  const db = open();
  try {
    db.exec('BEGIN IMMEDIATE');
    if (session === undefined)
      db.run('INSERT INTO sessions (start, remark) VALUES (?, ?)', [new Date().toISOString(), '']);
    const own = session ?? Number(db.get('SELECT last_insert_rowid() AS id')!.id);
    for (const { line, code } of add)
      db.run('INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)', [own, line, code, code]);
    db.exec('COMMIT');
    const rows = wanted
      ? db.all(
          'SELECT session, line, source AS code FROM history WHERE session < ? ORDER BY session DESC, line DESC LIMIT ?',
          [own, MOST],
        )
      : [];
    return { session: own, earlier: (rows as unknown as Input[]).reverse() };
  } finally {
    db.close();
  }
}

const isMessage = (error: unknown, pattern: RegExp): boolean => pattern.test((error as Error).message);

/** Other kernels use the file too: waits for its lock, and takes away one that nobody holds any more. */
function answer(): HistoryAnswer {
  const begun = Date.now();
  for (;;)
    try {
      return work();
    } catch (error) {
      if (isMessage(error, /not a database|malformed/)) {
        renameSync(path, `${path}.damaged-${Date.now()}`);
        continue;
      }
      if (!isMessage(error, /locked|busy/)) throw error;
      const lock = `${path}.lock`;
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > STALE_MS) rmdirSync(lock);
      else if (Date.now() - begun > PATIENCE_MS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20 + Math.random() * 50);
    }
}

let result: HistoryAnswer;
try {
  result = answer();
} catch (error) {
  result = { fault: `${path}: ${(error as Error).message}` };
}
parentPort!.postMessage(result);
