// Asks GET {url}/healthz every 10 ms until it is told to stop, then prints how long answers took. A process of its
// own, so that what the test does meanwhile (making and reading large bodies) does not count.
import http from "node:http";

const [url] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });
const times = [];
let failed = 0;
let stopping = false;

function ask() {
  return new Promise((resolve) => {
    const start = performance.now();
    const request = http.get(`${url}/healthz`, { agent, timeout: 30_000 }, (response) => {
      if (response.statusCode !== 200) failed++;
      response.resume();
      response.once("end", () => resolve(times.push(performance.now() - start)));
    });
    request.once("timeout", () => request.destroy(new Error("no answer")));
    request.once("error", () => {
      failed++;
      resolve(times.push(performance.now() - start));
    });
  });
}

process.stdin.once("end", () => {
  stopping = true;
});
process.stdin.resume();
await ask();
times.length = 0;
process.stdout.write("ready\n");
while (!stopping || times.length < 30) {
  await ask();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
times.sort((a, b) => a - b);
const p99 = times[Math.min(times.length - 1, Math.ceil(0.99 * times.length) - 1)];
process.stdout.write(`${JSON.stringify({ answers: times.length, failed, p99 })}\n`);
process.exit(0);
