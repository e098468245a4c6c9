// @tus/server as its makers show it: a file store in a folder, no hooks.
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [, , directory] = process.argv;
const server = new Server({ path: "/files", datastore: new FileStore({ directory }) });
const listening = server.listen({ host: "127.0.0.1", port: 0 }, () => {
  process.stdout.write(`${listening.address().port}\n`);
});
