import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { dashboardTokenFile, viewerTokenFile } from '../config.ts';
import { asksNode, type NodeFlags } from './node-command.ts';
import { dim } from './text.ts';

/** `intermachine dashboard`: what opens the dashboard of the running node. */
export function dashboardCommand(program: Command): void {
  const command = program
    .command('dashboard')
    .description('the URL that opens the dashboard of the running node, on this computer')
    .option('--viewer', 'the one for those who may look and change nothing');
  asksNode<NodeFlags & { readonly viewer?: boolean }>(command, async (node, { json, viewer = false }) => {
    const file = viewer ? viewerTokenFile(node.dataDir) : dashboardTokenFile(node.dataDir);
    const token = (await readFile(file, 'utf8')).trim();
    const url = `http://127.0.0.1:${node.dashboardPort}/?token=${encodeURIComponent(token)}`;
    if (json) return void process.stdout.write(`${JSON.stringify({ url, viewer })}\n`);
    process.stdout.write(`${url}\n`);
    const may = viewer ? 'look, and change nothing' : 'do everything that you may';
    if (process.stdout.isTTY) process.stdout.write(`${dim(`Whoever has it, on this computer, may ${may}.`)}\n`);
  });
}
