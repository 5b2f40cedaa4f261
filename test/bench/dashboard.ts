// npm run bench:dashboard: frames a second of each page while 500 machines change and 1,000 messages a second pass.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMachine } from 'xstate';
import { serveApi } from '../../main/api/serve.ts';
import { dashboardTokensOf, startFrom } from '../../main/compose.ts';
import { configFrom } from '../../main/config.ts';
import { DashboardServer } from '../../main/dashboard/server.ts';
import { launchChromium } from '../support/chromium.ts';
import { freeUdpPort } from '../support/udp-port.ts';

const MACHINES = 500;
const MESSAGES_PER_SECOND = 1_000;
const MEASURED_MS = 5_000;
const SETTLED_AFTER_MS = 3_000;

execFileSync(process.execPath, [fileURLToPath(new URL('../../build/page.js', import.meta.url))], { stdio: 'inherit' });
const directory = await mkdtemp(join(tmpdir(), 'intermachine-bench-'));
const loopbackPort = await freeUdpPort();
process.env.INTERMACHINE_HOME = directory;
const started = await startFrom(
  configFrom({ name: 'near', dataDir: join(directory, 'near'), loopbackPort }, process.env),
  console.error,
);
await started.node.register('Target', createMachine({ on: { SAMPLE: {} } }));
const server = new DashboardServer({
  port: 0,
  ...(await dashboardTokensOf(started)),
  node: started.node.id,
  filesDirectory: fileURLToPath(new URL('../../out/renderer', import.meta.url)),
  accept: (pipe, visitor) => serveApi(started, pipe, visitor),
  log: console.error,
});
await server.listen();
const load = fork(new URL('./dashboard-load.ts', import.meta.url), [
  join(directory, 'far'),
  String(loopbackPort),
  String(MACHINES),
  String(MESSAGES_PER_SECOND),
]);
await once(load, 'message');

const browser = await launchChromium();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(server.url);
const [machine] = started.node.discoverByType('Blinker0');
const pages = {
  overview: '#/',
  machines: '#/machines',
  machine: `#/machines/${encodeURIComponent(machine?.address ?? '')}`,
  messages: '#/messages',
};
console.log(`${MACHINES} machines, ${MESSAGES_PER_SECOND} messages a second; frames a second, of 60\n`);
for (const [name, hash] of Object.entries(pages)) {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
  await new Promise((resolve) => setTimeout(resolve, SETTLED_AFTER_MS));
  const frames = await page.evaluate(
    (span) =>
      new Promise<{ count: number; longest: number }>((resolve) => {
        const from = performance.now();
        let last = from;
        let count = 0;
        let longest = 0;
        const frame = (now: number) => {
          count++;
          longest = Math.max(longest, now - last);
          last = now;
          if (now - from < span) requestAnimationFrame(frame);
          else resolve({ count, longest });
        };
        requestAnimationFrame(frame);
      }),
    MEASURED_MS,
  );
  const perSecond = (frames.count * 1_000) / MEASURED_MS;
  console.log(
    `${name.padEnd(10)} ${perSecond.toFixed(0).padStart(3)} /s   longest frame ${frames.longest.toFixed(0)} ms`,
  );
}
const [first] = await started.node.messages({ limit: 1 });
console.log(`\n${first?.place.toLocaleString('en')} rows were logged meanwhile.`);

await browser.close();
load.disconnect();
await once(load, 'exit');
await server.stop();
await started.node.stop();
await rm(directory, { recursive: true, force: true });
process.exit(0);
