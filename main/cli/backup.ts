import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RestoredNode } from '../compose.ts';
import { asksNode } from './node-command.ts';
import { firstOf, type NodeChoice } from './running-node.ts';
import { bold, bytesText, dim } from './text.ts';

/** `intermachine backup <file>`: a copy of the running node's database. */
export function backupCommand(program: Command): void {
  asksNode(
    program.command('backup <file>').description("copy the running node's database to a file that is not there yet"),
    async (node, { json }, [word = '']) => {
      const file = resolve(word);
      const { bytes } = await firstOf(node.stream('backup', { file }));
      process.stdout.write(
        json
          ? `${JSON.stringify({ event: 'backup', file, bytes })}\n`
          : `${bold(file)}: ${bytesText(bytes)}.\n${dim('It holds all messages and the network key: keep it where only you can read it.')}\n`,
      );
    },
  );
}

/** `intermachine restore <file>`: puts a backup in the place of the database of a node that does not run. */
export function restoreCommand(program: Command): void {
  program
    .command('restore <file>')
    .description(
      'put a backup in the place of the database of a node that does not run; what was there is kept beside it',
    )
    .option('--name <name>', 'of the node that is meant (the only one that this user has)')
    .option('--data-dir <path>', 'of the node that is meant, where it has one of its own')
    .option('--json', 'one JSON object for each line of output')
    .action(async (file: string, { json, ...choice }: NodeChoice & { readonly json?: boolean }) => {
      // Loaded when it is run: it opens databases.
      const { restoreNode } = await import('../compose.ts');
      const restored = await restoreNode(resolve(file), choice, process.env);
      process.stdout.write(json ? `${JSON.stringify({ event: 'restored', ...restored })}\n` : restoredText(restored));
    });
}

function restoredText({ dataDir, kept, otherNode }: RestoredNode): string {
  const before = kept === undefined ? '' : ` What was there is in ${kept}.`;
  if (otherNode === undefined) return `${bold(dataDir)} is as it was at the time of the backup.${before}\n`;
  const follows = `Its machines, messages and network key are this node's from now on. Where that node still runs, what waits in both is sent by both, and may come twice: stop it, or restore a backup of this node.`;
  return `${bold(dataDir)} has what another node, ${otherNode}, had at the time of the backup.${before}\n${follows}\n`;
}
