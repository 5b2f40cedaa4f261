import { spawnSync } from 'node:child_process';

const NAMESPACES = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--uts',
  '--ipc',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
];
/** Names of network namespaces are files in /run, which is root's. */
const PREPARE = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$@"';

/** The command as it runs in a namespace of its own, in which whoever starts it is root. */
export const rootless = (...command: readonly string[]): [string, ...string[]] => [
  'unshare',
  ...NAMESPACES,
  'sh',
  '-c',
  PREPARE,
  'sh',
  ...command,
];

/** Why that cannot be here. */
export function rootlessUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'namespaces are a thing of Linux';
  const [program, ...args] = rootless('true');
  const tried = spawnSync(program, args, { encoding: 'utf8' });
  if (tried.error) return 'the command "unshare" (util-linux) is missing';
  return tried.status === 0 ? undefined : `user namespaces may not be made here (${tried.stderr.trim()})`;
}
