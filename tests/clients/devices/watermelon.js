// WatermelonDB 0.28 with `synchronize()` on LokiJS; the two calls as its documentation shows them.
import { createRequire } from "node:module";
import { listen } from "./told.js";

const require = createRequire(import.meta.url);
const { Database, Model, appSchema, tableSchema } = require("@nozbe/watermelondb");
const LokiJSAdapter = require("@nozbe/watermelondb/adapters/lokijs").default;
const { synchronize, hasUnsyncedChanges } = require("@nozbe/watermelondb/sync");

console.log = console.warn = console.error; // standard output is for answers

const columns = (names, type = "string") =>
  names.map((name) => ({ name, type, isOptional: true }));
const TABLES = {
  finding: [
    ...columns(["task_id", "kind", "title", "location", "severity", "action", "term_until"]),
    ...columns(["tags", "notes", "photos"]),
  ],
  answer: [
    ...columns(["task_id", "item_code", "value", "notes"]),
    ...columns(["value_number"], "number"),
  ],
  task: columns(["status", "number", "assignments"]),
  conflict: columns(["task_id", "field", "state", "candidates", "candidate"]),
};

let database;
let server;
let online = true;

async function call(options = {}, query = "") {
  if (!online) throw new Error("no network");
  const response = await fetch(`${server.api}/compat/watermelon/sync?${query}`, {
    ...options,
    headers: { Authorization: `Bearer ${server.token}` },
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

// What a row's writer saw is what this device held, not what came down just before it is sent.
const keepOwnRev = (_table, local, _remote, resolved) =>
  local._status === "synced" ? resolved : { ...resolved, rev: local.rev };

const synced = ({ loseAnswer }) =>
  synchronize({
    database,
    sendCreatedAsUpdated: true,
    conflictResolver: server.withRev ? keepOwnRev : undefined,
    async pullChanges({ lastPulledAt, schemaVersion, migration }) {
      const asked = encodeURIComponent(JSON.stringify(migration));
      const query = `last_pulled_at=${lastPulledAt}&schema_version=${schemaVersion}`;
      const { changes, timestamp } = await call({}, `${query}&migration=${asked}`);
      return { changes, timestamp };
    },
    async pushChanges({ changes, lastPulledAt }) {
      const body = JSON.stringify(changes);
      const answer = await call({ method: "POST", body }, `last_pulled_at=${lastPulledAt}`);
      if (loseAnswer) throw new Error("the answer was lost");
      return answer;
    },
  });

const find = (type, id) => database.get(type).find(id);
const plain = ({ _raw }) => ({ ..._raw });

listen({
  start({ api, token, withRev = true }) {
    server = { api, token, withRev };
    const rev = withRev ? columns(["rev"], "number") : [];
    const tables = Object.entries(TABLES).map(([name, own]) =>
      tableSchema({ name, columns: [...own, ...rev] }),
    );
    const modelOf = (name) => class extends Model { static table = name; };
    const adapter = new LokiJSAdapter({
      schema: appSchema({ version: 1, tables }),
      useWebWorker: false,
      useIncrementalIndexedDB: false,
    });
    database = new Database({ adapter, modelClasses: Object.keys(TABLES).map(modelOf) });
  },
  insert: ({ type, document: { id, ...fields } }) =>
    database.write(async () => {
      await database.get(type).create((record) => {
        record._raw.id = id;
        for (const [name, value] of Object.entries(fields)) record._setRaw(name, value);
      });
    }),
  patch: ({ type, id, fields }) =>
    database.write(async () => {
      const record = await find(type, id);
      await record.update((each) => {
        for (const [name, value] of Object.entries(fields)) each._setRaw(name, value);
      });
    }),
  remove: ({ type, id }) =>
    database.write(async () => {
      await (await find(type, id)).markAsDeleted();
    }),
  get: async ({ type, id }) => {
    const [record] = (await database.get(type).query().fetch()).filter((each) => each.id === id);
    return record ? plain(record) : null;
  },
  all: async ({ type }) => (await database.get(type).query().fetch()).map(plain),
  sync: (args) => synced(args),
  network: ({ up }) => void (online = up),
  unsynced: () => hasUnsyncedChanges({ database }),
});
