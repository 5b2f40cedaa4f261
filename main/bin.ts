#!/usr/bin/env node
// Looks at Node before anything else is loaded: the database's binding crashes an older one without a word.
if (Number(process.versions.napi) < 10) {
  process.stderr.write(
    `intermachine: Node ${process.version} is too old; install Node 24 (22.14 at least) from https://nodejs.org and start again. (NODE_TOO_OLD)\n`,
  );
  process.exit(3);
}
const { main } = await import('./cli/main.ts');
await main(process.argv.slice(2));

export {};
