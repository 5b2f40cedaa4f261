import type { PeerState } from './api.ts';
import type { NodeId } from './ids.ts';

// What `intermachine doctor` looks at, and what it finds. Texts in it may come from peers: they are text, never markup.

/** Everything that was looked at, before anybody judges it. */
export interface Facts {
  /** As Node calls it: linux, darwin, win32 … */
  readonly platform: string;
  readonly versions: VersionFacts;
  /** The node that was asked; missing where none runs. */
  readonly node?: {
    readonly id: NodeId;
    readonly name: string;
    readonly port: number;
    readonly incarnation: number;
    /** Anybody is let in. */
    readonly isOpen: boolean;
  };
  /** The port that a node was told to take, where none runs. */
  readonly wantedPort?: { readonly port: number /** Why it cannot be had. */; readonly problem?: string };
  /** It keeps to this computer. */
  readonly isLoopback: boolean;
  readonly isContainer: boolean;
  /** Other addresses than its own are announced. */
  readonly advertises: boolean;
  readonly interfaces: readonly InterfaceFact[];
  readonly multicast: readonly MulticastFact[];
  readonly announcements: readonly AnnouncementFact[];
  readonly peers: readonly PeerFact[];
  readonly firewalls: readonly FirewallFact[];
}

export interface VersionFacts {
  readonly intermachine: string;
  readonly protocol: number;
  readonly node: string;
  /** Of Node-API, on which the database stands. */
  readonly nodeApi: number;
  /** Missing where it cannot be loaded. */
  readonly sqlite?: string;
}

export interface InterfaceFact {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Why it is not used, in words that follow its name. */
  readonly unused?: string;
}

/** One question by multicast, on one interface, in one family of addresses. */
export interface MulticastFact {
  readonly link: string;
  readonly family: 'IPv4' | 'IPv6';
  /** Our own question was heard here, as everybody hears it. */
  readonly returned: boolean;
  /** Milliseconds until the first other node answered; missing where none did. */
  readonly answeredAfterMs?: number;
  /** What did not work, as the system says it. */
  readonly problem?: string;
}

/** A node that answered. */
export interface AnnouncementFact {
  readonly id: NodeId;
  readonly name: string;
  readonly incarnation: number;
  readonly protocol: number;
  /** It is of the namespace that we are of. */
  readonly isOurs: boolean;
  /** Address from which it answered. */
  readonly from: string;
  readonly link: string;
  readonly port?: number;
}

export interface PeerFact {
  readonly id: NodeId;
  readonly name: string;
  /** `announced`: no node of ours runs that could know more. */
  readonly state: PeerState | 'announced';
  readonly problem?: string;
  readonly isUnstable: boolean;
  /** It answered our question by multicast. */
  readonly isHeard: boolean;
  /** Of the heartbeat, milliseconds. */
  readonly roundTripMs?: number;
  readonly endpoints: readonly EndpointFact[];
}

export interface EndpointFact {
  readonly host: string;
  readonly port: number;
  /** The interface whose network it is on. */
  readonly link?: string;
  /** Whether TCP gets there; missing where nobody tried. */
  readonly trip?: { readonly ms: number } | { readonly fault: TripFault; readonly reason: string };
}

export type TripFault = 'refused' | 'silent' | 'unreachable' | 'other';

export interface FirewallFact {
  readonly name: 'ufw' | 'firewalld' | 'Windows Defender Firewall' | 'the firewall of macOS';
  readonly isActive: boolean;
}

export type Severity = 'ok' | 'hint' | 'warning' | 'error';

export interface Finding {
  /** Stable, for scripts. */
  readonly id: string;
  readonly severity: Severity;
  /** What is the matter, in a sentence. */
  readonly text: string;
  /** What to do about it. */
  readonly cure?: string;
}

export interface Diagnosis {
  readonly facts: Facts;
  /** The worst first. */
  readonly findings: readonly Finding[];
  readonly worst: Severity;
}
