import { parseAddress } from '../../shared/ids.ts';
import type { Started } from '../compose.ts';
import type { InterMachineNode, MachineChange, MessageOutcome, NewLogRow, PeerInfo } from '../index.ts';
import { writeFacts } from './facts.ts';
import type { DashboardAddress, Printer } from './printer.ts';
import { bold, cyan, dim, fieldsOf, grouped, PEER_STATE_COLOURS, plain, red, timeOfDay, yellow } from './text.ts';

/** A problem that stays is told once a minute. */
const REPEAT_AFTER_MS = 60_000;
/** Problems that are remembered for that. */
const MAX_PROBLEMS = 100;

/** For people: a heading, then a line for each thing that happens. */
export class TextPrinter implements Printer {
  #node: InterMachineNode | undefined;
  /** What was printed last of each peer, so that only what people see as a change is a line. */
  readonly #peers = new Map<string, string>();
  readonly #problems = new Map<string, { readonly at: number; again: number }>();

  ready({ node, dataDir }: Started, dashboard: DashboardAddress | undefined): void {
    this.#node = node;
    const facts: [label: string, text: string][] = [
      ['node id', grouped(node.id)],
      ['port', `${node.port}, for peers`],
      ['data', dataDir ?? 'in memory, gone when it stops'],
      [
        'network',
        node.trust.keyId
          ? `key ${node.trust.keyId}: nodes with the same key are let in`
          : red('OPEN: anybody on this network is let in'),
      ],
    ];
    process.stdout.write(`${bold(`InterMachine node "${plain(node.name)}" is running.`)} Ctrl+C stops it.\n`);
    if (dashboard) facts.push(['dashboard', bold(dashboard.url)]);
    writeFacts(facts);
    process.stdout.write('\n');
  }

  peer(peer: PeerInfo): void {
    const why = peer.state === 'alive' || peer.problem === undefined ? '' : `: ${plain(peer.problem)}`;
    const where = peer.endpoints[0] && peer.state === 'alive' ? dim(` at ${peer.endpoints[0].host}`) : '';
    const unstable = peer.unstable ? yellow(', and its line breaks again and again') : '';
    const text = `node ${this.#nodeName(peer.id, peer.name)} is ${PEER_STATE_COLOURS[peer.state](peer.state)}${why}${where}${unstable}`;
    if (this.#peers.get(peer.id) === text) return;
    this.#peers.set(peer.id, text);
    this.#line(text);
  }

  machine({ type, machine }: MachineChange): void {
    // That its node came or went is a line already.
    if (type === 'changed') return;
    this.#line(
      `machine ${bold(plain(machine.id))} of type ${cyan(plain(machine.type))} ${type} on ${this.#nodeName(machine.node)}`,
    );
  }

  message(row: NewLogRow): void {
    const { node, machine } = parseAddress(row.direction === 'in' ? row.from : row.to);
    const other = node === this.#node?.id ? plain(machine) : `${plain(machine)} on ${this.#nodeName(node)}`;
    const own = plain(parseAddress(row.direction === 'in' ? row.to : row.from).machine);
    const arrow = row.direction === 'in' ? '←' : '→';
    const event =
      `${cyan(plain(row.eventType || 'a refused event'))} ${fieldsOf(JSON.parse(row.eventJson) as Record<string, unknown>)}`.trim();
    this.#line(`${own} ${arrow} ${other}  ${event}${row.code ? red(` refused: ${row.code}`) : ''}`);
  }

  outcome({ status, code, id }: MessageOutcome): void {
    if (status === 'refused' || status === 'dead')
      this.#line(red(`envelope ${id} is ${status}${code ? `: ${code}` : ''}`));
  }

  log(machine: string, text: string): void {
    this.#line(`${bold(plain(machine))} says: ${plain(text)}`);
  }

  problem(message: string): void {
    const now = Date.now();
    const before = this.#problems.get(message);
    if (before && now - before.at < REPEAT_AFTER_MS) {
      before.again++;
      return;
    }
    const again = before?.again ? ` (and ${before.again} times more since ${timeOfDay(before.at)})` : '';
    this.#problems.delete(message);
    this.#problems.set(message, { at: now, again: 0 });
    const [oldest] = this.#problems.keys();
    if (this.#problems.size > MAX_PROBLEMS && oldest !== undefined) this.#problems.delete(oldest);
    process.stderr.write(`${yellow(`${timeOfDay(now)}  ${plain(message)}${again}`)}\n`);
  }

  stopping(): void {
    process.stdout.write(dim('Stopping: saying goodbye to the peers.\n'));
  }

  /** By name where it has one; two nodes may have the same, so the beginning of the id goes with it. */
  #nodeName(id: string, name = this.#node?.peers().find((peer) => peer.id === id)?.name): string {
    if (id === this.#node?.id) return 'this node';
    return name ? `${bold(plain(name))} ${dim(`(${id.slice(0, 6)})`)}` : id.slice(0, 12);
  }

  #line(text: string): void {
    process.stdout.write(`${dim(timeOfDay(Date.now()))}  ${text}\n`);
  }
}
