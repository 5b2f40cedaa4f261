import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { FirewallFact } from '../../../shared/diagnosis.ts';

/** What is asked of this computer; both resolve with nothing where there is no answer. */
export interface HostQuestions {
  /** What a program prints. */
  run(command: string, args: readonly string[]): Promise<string | undefined>;
  read(file: string): Promise<string | undefined>;
}

/** Milliseconds; a doctor that hangs helps nobody. */
const TIMEOUT_MS = 2_000;

/** The firewalls of a system that have ways of their own to open a port, and whether they are switched on. No rules are read: that takes an administrator. */
export async function firewallsOf(platform: string, host: HostQuestions = THIS_HOST): Promise<readonly FirewallFact[]> {
  switch (platform) {
    case 'linux':
      return await linux(host);
    case 'win32':
      return stateIn(await host.run('netsh', ['advfirewall', 'show', 'currentprofile', 'state']), {
        name: 'Windows Defender Firewall',
        // The words around it are in the language of the system.
        active: /\b(ON|EIN|ACTIV\w*|ATTIVO)\b/i,
      });
    case 'darwin':
      return stateIn(await host.run('/usr/libexec/ApplicationFirewall/socketfilterfw', ['--getglobalstate']), {
        name: 'the firewall of macOS',
        active: /State = [12]|enabled/i,
      });
    default:
      return [];
  }
}

async function linux(host: HostQuestions): Promise<readonly FirewallFact[]> {
  const [ufw, firewalld] = await Promise.all([host.read('/etc/ufw/ufw.conf'), host.run('firewall-cmd', ['--state'])]);
  return [
    ...stateIn(ufw, { name: 'ufw', active: /^\s*ENABLED\s*=\s*yes/im }),
    ...stateIn(firewalld, { name: 'firewalld', active: /^running/m }),
  ];
}

const stateIn = (
  text: string | undefined,
  { name, active }: { readonly name: FirewallFact['name']; readonly active: RegExp },
): FirewallFact[] => (text === undefined ? [] : [{ name, isActive: active.test(text) }]);

const THIS_HOST: HostQuestions = {
  run: (command, args) =>
    new Promise((resolve) => {
      execFile(command, args, { timeout: TIMEOUT_MS, windowsHide: true }, (error, stdout) =>
        // Some say "not running" with an exit code of their own; a program that is not there says nothing.
        resolve(error && 'code' in error && error.code === 'ENOENT' ? undefined : stdout || undefined),
      );
    }),
  read: (file) => readFile(file, 'utf8').catch(() => undefined),
};
