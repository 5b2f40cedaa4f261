import { describe, expect, test } from 'vitest';
import { isContainer } from '../../main/adapters/host/container.ts';
import { firewallsOf, type HostQuestions } from '../../main/adapters/host/firewalls.ts';

/** A host that prints and holds what is told. */
const host = (outputs: Readonly<Record<string, string>>): HostQuestions => ({
  run: async (command) => outputs[command],
  read: async (file) => outputs[file],
});

describe('The firewalls of a host', () => {
  test.each([
    ['linux', { '/etc/ufw/ufw.conf': '# ufw\nENABLED=yes\nLOGLEVEL=low\n' }, [{ name: 'ufw', isActive: true }]],
    ['linux', { '/etc/ufw/ufw.conf': 'ENABLED=no\n' }, [{ name: 'ufw', isActive: false }]],
    ['linux', { 'firewall-cmd': 'running\n' }, [{ name: 'firewalld', isActive: true }]],
    ['linux', { 'firewall-cmd': 'not running\n' }, [{ name: 'firewalld', isActive: false }]],
    ['linux', {}, []],
    [
      'win32',
      { netsh: '\nPrivate Profile Settings:\n------\nState                                 ON\nOk.\n' },
      [{ name: 'Windows Defender Firewall', isActive: true }],
    ],
    ['win32', { netsh: 'State   OFF\n' }, [{ name: 'Windows Defender Firewall', isActive: false }]],
    [
      'darwin',
      { '/usr/libexec/ApplicationFirewall/socketfilterfw': 'Firewall is enabled. (State = 1)\n' },
      [{ name: 'the firewall of macOS', isActive: true }],
    ],
    [
      'darwin',
      { '/usr/libexec/ApplicationFirewall/socketfilterfw': 'Firewall is disabled. (State = 0)\n' },
      [{ name: 'the firewall of macOS', isActive: false }],
    ],
    ['sunos', {}, []],
  ])('on %s, which says %j, are %j', async (platform, outputs, firewalls) => {
    expect(await firewallsOf(platform, host(outputs))).toEqual(firewalls);
  });

  test('are asked for here without a failure, whatever there is', async () => {
    for (const platform of ['linux', 'win32', 'darwin'])
      for (const { isActive } of await firewallsOf(platform)) expect(typeof isActive).toBe('boolean');
  });
});

test('a container of Kubernetes or Podman is known by its environment', () => {
  expect(isContainer({ KUBERNETES_SERVICE_HOST: '10.0.0.1' })).toBe(true);
  expect(isContainer({ container: 'podman' })).toBe(true);
});
