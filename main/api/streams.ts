import { isAbsolute } from 'node:path';
import type {
  FilesItem,
  LogItem,
  LogOutcome,
  MachineLive,
  MachinesItem,
  PeerView,
  Streams,
  TrustView,
  Visitor,
} from '../../shared/api.ts';
import { InterMachineError } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import type { Source, StreamHandlers } from '../../shared/rpc.ts';
import type { Started } from '../compose.ts';
import type { InterMachineNode } from '../core/node.ts';
import { checked, INPUTS } from './inputs.ts';
import { PacedSource } from './paced.ts';
import { once, pieces } from './pieces.ts';
import { machineView, messageView, peerView } from './views.ts';

/** Rows of one item; a page cannot show more in a tenth of a second, and they are in the log. */
const MAX_LOG_ROWS = 500;
/** Outcomes of one item; the newest. */
const MAX_OUTCOMES = 5_000;
/** Round-trip times and what waits change without an event. */
const PEERS_EVERY_MS = 1_000;

export const streamsOf = ({ node, files }: Started, visitor: Visitor): StreamHandlers<Streams> => ({
  peers: (input) => {
    checked(INPUTS.nothing, input);
    return peers(node);
  },
  machines: (input) => {
    checked(INPUTS.nothing, input);
    return machines(node);
  },
  files: (input) => {
    checked(INPUTS.nothing, input);
    return machineFiles(files);
  },
  log: (input) => {
    checked(INPUTS.nothing, input);
    return log(node);
  },
  export: (input) => {
    const { format, ...query } = checked(INPUTS.exported, input);
    return pieces(node.exportLog(format, query));
  },
  backup: (input) => {
    const { file } = checked(INPUTS.backup, input);
    if (!visitor.mayAct) throw new InterMachineError('READ_ONLY', 'You may look here, and change nothing');
    return once(async () => {
      if (!isAbsolute(file)) throw new InterMachineError('BACKUP_FAILED', `${file}: a whole path is expected`);
      const written = await node.backupTo(file);
      await node.trust.record('backup', file, visitor);
      return written;
    });
  },
  watch: (input) => watch(node, checked(INPUTS.address, input).address),
  trust: (input) => {
    checked(INPUTS.nothing, input);
    return trust(node, visitor);
  },
});

function peers(node: InterMachineNode): Source<readonly PeerView[]> {
  let told = '';
  const take = () => {
    const views = node.peers().map((peer) => peerView(node, peer));
    const text = JSON.stringify(views);
    if (text === told) return undefined;
    told = text;
    return views;
  };
  return new PacedSource(take, (touch) => {
    const timer = setInterval(touch, PEERS_EVERY_MS);
    const off = node.on('peer', touch);
    return () => {
      clearInterval(timer);
      off();
    };
  });
}

function trust(node: InterMachineNode, { mayAct }: Visitor): Source<TrustView> {
  let told = '';
  const take = () => {
    const { pairing, ...view } = node.trust.view();
    const shown: TrustView = { ...view, ...(mayAct && pairing && { pairing }) };
    const text = JSON.stringify(shown);
    if (text === told) return undefined;
    told = text;
    return shown;
  };
  return new PacedSource(take, (touch) => {
    const timer = setInterval(touch, PEERS_EVERY_MS);
    const off = node.on('trust', touch);
    return () => {
      clearInterval(timer);
      off();
    };
  });
}

function machines(node: InterMachineNode): Source<MachinesItem> {
  const changed = new Set<Address>(node.machines().map(({ address }) => address));
  const take = (): MachinesItem => {
    const removed: Address[] = [];
    const views = [...changed].flatMap((address) => {
      const machine = node.machine(address);
      if (machine) return machineView(node, machine);
      removed.push(address);
      return [];
    });
    changed.clear();
    return { changed: views, removed };
  };
  return new PacedSource(take, (touch) => {
    const note = (address: Address) => {
      changed.add(address);
      touch();
    };
    const ends = [
      node.watchStates((addresses) => addresses.forEach(note)).unsubscribe,
      node.on('machine', ({ machine }) => note(machine.address)),
      // Its name may be another.
      node.on('peer', ({ id }) => {
        for (const machine of node.machines()) if (machine.node === id) note(machine.address);
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  });
}

function machineFiles(files: Started['files']): Source<FilesItem> {
  const take = (): FilesItem => (files ? { folder: files.folder, files: files.list() } : { files: [] });
  return new PacedSource(take, (touch) => files?.on('changed', touch) ?? (() => {}));
}

function log(node: InterMachineNode): Source<LogItem> {
  let after: number | undefined;
  let outcomes: LogOutcome[] = [];
  const take = async (): Promise<LogItem | undefined> => {
    if (after === undefined) {
      after = (await node.messages({ limit: 1 }))[0]?.place ?? 0;
      return { rows: [], outcomes: [], skipped: 0 };
    }
    const rows = await node.messages({ after, limit: MAX_LOG_ROWS });
    const newest = rows[0]?.place ?? after;
    const skipped = newest - after - rows.length;
    after = newest;
    const item = { rows: rows.map(messageView), outcomes: outcomes.slice(-MAX_OUTCOMES), skipped };
    outcomes = [];
    return item.rows.length > 0 || item.outcomes.length > 0 ? item : undefined;
  };
  return new PacedSource(take, (touch) => {
    const ends = [
      node.on('message', touch),
      node.on('outcome', ({ direction, id, status, code }) => {
        outcomes.push({ direction, id, status, ...(code && { code }) });
        if (outcomes.length > MAX_OUTCOMES * 2) outcomes = outcomes.slice(-MAX_OUTCOMES);
        touch();
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  });
}

function watch(node: InterMachineNode, address: string): Source<MachineLive> {
  let newest: MachineLive | undefined;
  const take = () => {
    const live = newest;
    newest = undefined;
    return live;
  };
  return new PacedSource(take, (touch, source) => {
    const watching = node.watchLive(address, {
      live: (live) => {
        newest = live;
        touch();
      },
      lost: () => {},
      ended: (code) =>
        source.finish(
          code === 'MACHINE_STOPPED' ? undefined : new InterMachineError(code, 'This machine can no longer be watched'),
        ),
    });
    return () => watching.unsubscribe();
  });
}
