// RxDB 17 with `replicateRxCollection`, its handlers written as https://rxdb.info/replication-http
// shows them.
import { EventSource } from "eventsource";
import { createRxDatabase } from "rxdb/plugins/core";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { Subject, filter, firstValueFrom } from "rxjs";
import { listen } from "./told.js";

const RETRY_MS = 50;
const text = { type: ["string", "null"] };
const list = { type: ["array", "null"], items: {} };

const schemaOf = (properties) => ({
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 100 },
    rev: { type: "integer" },
    task_id: text,
    ...properties,
  },
  required: ["id"],
});

const COLLECTIONS = {
  finding: schemaOf({
    kind: text, title: text, location: text, severity: text, action: text, term_until: text,
    tags: list, notes: list, photos: list,
  }),
  answer: schemaOf({ value: {}, item_code: text, notes: list }),
  task: schemaOf({ status: text, number: text }),
  conflict: schemaOf({ field: text, state: text, candidates: list, candidate: text, value: {} }),
};

let database;
let online = true;
let answersToLose = 0;
const replications = {};
const troubles = [];

async function call(url, options, token) {
  if (!online) throw new Error("no network");
  const headers = { Authorization: `Bearer ${token}`, ...options?.headers };
  const response = await fetch(url, { ...options, headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

function streamOf(url, token) {
  const stream$ = new Subject();
  const withToken = (to, options) =>
    fetch(to, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
  const source = new EventSource(url, { fetch: withToken });
  source.onmessage = (event) => stream$.next(JSON.parse(event.data));
  source.onerror = () => stream$.next("RESYNC");
  return { stream$, source };
}

function replicate({ api, token, type, live, batchSize }) {
  const url = `${api}/compat/rxdb/${type}`;
  const { stream$, source } = live ? streamOf(`${url}/stream`, token) : {};
  const state = replicateRxCollection({
    collection: database[type],
    replicationIdentifier: url,
    live: true,
    retryTime: RETRY_MS,
    pull: {
      batchSize,
      stream$,
      async handler(checkpoint, limit) {
        const query = new URLSearchParams({ limit, ...checkpoint });
        return call(`${url}/pull?${query}`, {}, token);
      },
    },
    push: {
      batchSize,
      async handler(rows) {
        const headers = { "Content-Type": "application/json" };
        const body = JSON.stringify(rows);
        const answer = await call(`${url}/push`, { method: "POST", headers, body }, token);
        if (answersToLose-- > 0) throw new Error("the answer was lost");
        return answer;
      },
    },
  });
  state.error$.subscribe((error) => troubles.push(error.message));
  return { state, source };
}

listen({
  async start({ api, token, types, live = false, batchSize = 100 }) {
    database = await createRxDatabase({ name: "device", storage: getRxStorageMemory() });
    await database.addCollections(
      Object.fromEntries(types.map((type) => [type, { schema: COLLECTIONS[type] }])),
    );
    for (const type of types) replications[type] = replicate({ api, token, type, live, batchSize });
    for (const { state } of Object.values(replications)) await state.awaitInitialReplication();
  },
  insert: ({ type, document }) => database[type].insert(document).then(() => null),
  async patch({ type, id, fields }) {
    await (await database[type].findOne(id).exec(true)).incrementalPatch(fields);
  },
  async remove({ type, id }) {
    await (await database[type].findOne(id).exec(true)).incrementalRemove();
  },
  get: async ({ type, id }) => (await database[type].findOne(id).exec())?.toJSON(),
  all: async ({ type }) => (await database[type].find().exec()).map((each) => each.toJSON()),
  async sync() {
    for (const { state } of Object.values(replications)) {
      state.reSync();
      await state.awaitInSync();
    }
  },
  network: ({ up, answersLost = 0 }) => {
    online = up;
    answersToLose = answersLost;
  },
  // Resolves when the document looks so; a stream must have brought it.
  async until({ type, id, fields }) {
    const looksSo = (found) =>
      fields === null
        ? !found
        : found && Object.entries(fields).every(([name, value]) => found.get(name) === value);
    await firstValueFrom(database[type].findOne(id).$.pipe(filter(looksSo)));
  },
  troubles: () => troubles,
});
