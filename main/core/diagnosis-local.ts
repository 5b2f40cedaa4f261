import type { Facts, Finding } from '../../shared/diagnosis.ts';

/** What better-sqlite3 stands on. */
const LEAST_NODE_API = 10;

/** What can be wrong with this computer alone: versions, the port, containers, who is let in. */
export function localFindings(facts: Facts): Finding[] {
  return [...versions(facts), ...port(facts), ...surroundings(facts)];
}

function* versions({ versions: { node, nodeApi, sqlite, intermachine, protocol } }: Facts): Iterable<Finding> {
  if (nodeApi < LEAST_NODE_API)
    yield {
      id: 'node-too-old',
      severity: 'error',
      text: `Node ${node} is too old for the database: it has Node-API ${nodeApi}, and ${LEAST_NODE_API} is needed.`,
      cure: 'Install Node 24.',
    };
  else if (sqlite === undefined)
    yield {
      id: 'no-sqlite',
      severity: 'error',
      text: 'The database cannot be loaded, so nothing can be kept.',
      cure: 'Install InterMachine again, on this computer: its binary belongs to system and processor.',
    };
  else
    yield {
      id: 'versions',
      severity: 'ok',
      text: `InterMachine ${intermachine}, protocol ${protocol}, on Node ${node} with SQLite ${sqlite}.`,
    };
}

function* port({ node, wantedPort }: Facts): Iterable<Finding> {
  if (node) yield { id: 'port', severity: 'ok', text: `Peers reach the node "${node.name}" on TCP port ${node.port}.` };
  else if (wantedPort?.problem !== undefined)
    yield {
      id: 'port-unusable',
      severity: 'error',
      text: `TCP port ${wantedPort.port} cannot be had: ${wantedPort.problem}`,
      cure: 'Choose another port with --port, or none: a free one is taken then, and announced.',
    };
  else
    yield {
      id: 'no-node',
      severity: 'hint',
      text: 'No node of yours was asked: none is running, or it was not named.',
    };
}

function* surroundings({ node, isContainer, advertises, isLoopback }: Facts): Iterable<Finding> {
  if (isContainer && !advertises && !isLoopback)
    yield {
      id: 'container',
      severity: 'warning',
      text: 'This is a container: it announces its inner addresses, which other computers cannot reach, and hears no multicast from outside.',
      cure: 'Run it in the network of its host (--network host), or announce the host with --advertise address:port and name peers with --peer.',
    };
  if (isLoopback)
    yield {
      id: 'loopback',
      severity: 'hint',
      text: 'The node keeps to this computer (--loopback): other computers can neither see nor reach it.',
    };
  if (node?.isOpen)
    yield {
      id: 'open',
      severity: 'warning',
      text: 'The network is open: anybody on it may join and send.',
      cure: 'Start nodes without --open: then only those with the network key are let in.',
    };
}
