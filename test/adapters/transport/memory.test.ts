import { SystemClock } from '../../../main/adapters/clock/system.ts';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { MemoryNetwork } from '../../../main/adapters/transport/memory.ts';
import { transportCompliance } from '../../compliance/transport.ts';

for (const latencyMs of [0, 1]) {
  transportCompliance(`MemoryNetwork with ${latencyMs} ms of latency`, async () => {
    const network = new MemoryNetwork({ clock: new SystemClock(), scheduler: { soon: setImmediate }, latencyMs });
    return {
      node: () => {
        const { node } = createKeyMaterial();
        return { id: node, transport: network.transport(node) };
      },
      endpoint: (port) => ({ host: 'memory', port }),
      nobody: { host: 'memory', port: 65_000 },
      remove: async () => {},
    };
  });
}
