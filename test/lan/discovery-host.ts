import { SystemClock } from '../../main/adapters/clock/system.ts';
import { MdnsDiscovery } from '../../main/adapters/discovery/mdns.ts';
import type { Announcement, Sighting } from '../../main/core/ports.ts';
import type { NodeId } from '../../shared/ids.ts';

/** What a test tells the node on one host of the LAN. */
export type HostCommand =
  | { readonly type: 'start' | 'announce'; readonly self: Announcement }
  | { readonly type: 'stop' };

/** What that node reports. `at` is in milliseconds of the kernel's monotonic clock, the same on all hosts of the LAN. */
export type HostReport = { readonly at: number } & (
  | { readonly type: 'ready' | 'starting' | 'started' | 'announcing' | 'stopping' | 'stopped' | 'networkChanged' }
  | { readonly type: 'seen'; readonly sighting: Sighting }
  | { readonly type: 'gone'; readonly node: NodeId; readonly reason: 'goodbye' | 'expired' }
  | { readonly type: 'problem'; readonly message: string }
);

/** A host program: runs one MdnsDiscovery as its parent says, and tells it everything. It ends with its parent. */
function main(): void {
  const discovery = new MdnsDiscovery({ clock: new SystemClock() });
  const report = (what: Record<string, unknown>) =>
    process.send?.({ at: Number(process.hrtime.bigint()) / 1e6, ...what });

  async function obey(command: HostCommand): Promise<void> {
    switch (command.type) {
      case 'start':
        report({ type: 'starting' });
        await discovery.start(command.self, {
          seen: (sighting) => report({ type: 'seen', sighting }),
          gone: (node, reason) => report({ type: 'gone', node, reason }),
          networkChanged: () => report({ type: 'networkChanged' }),
          problem: (message) => report({ type: 'problem', message }),
        });
        return void report({ type: 'started' });
      case 'announce':
        report({ type: 'announcing' });
        return discovery.announce(command.self);
      case 'stop':
        report({ type: 'stopping' });
        await discovery.stop();
        return void report({ type: 'stopped' });
    }
  }

  process.on('disconnect', () => process.exit());
  process.on('message', (command) => void obey(command as HostCommand));
  report({ type: 'ready' });
}

if (process.send) main();
