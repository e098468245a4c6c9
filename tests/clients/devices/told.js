// A device in a process of its own: it is told what to do in lines of JSON, and answers each.
import { createInterface } from "node:readline";

export async function listen(deeds) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { does, ...args } = JSON.parse(line);
    let answer;
    try {
      answer = { result: (await deeds[does](args)) ?? null };
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  process.exit(0);
}
