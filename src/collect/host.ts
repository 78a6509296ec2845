/**
 * The collector of the machine that the collector runs on: CPU, memory, disks, disk IO and network, read by
 * `systeminformation`. It has no connection; a host is up as long as its collector is.
 */
import * as si from 'systeminformation';
import { TocsinError } from '../domain/errors';
import { availabilityGroup } from './availability';
import type { Collector, MetricGroup, MetricSpec, Sample, Session, Unit } from './port';
import { createRates, type Rates } from './rates';
import { networkReason } from './reasons';
import { sample } from './samples';

interface HostGroup extends MetricGroup {
  read(rates: Rates): Promise<readonly Sample[]>;
}

const spec = (
  name: string,
  unit: Unit,
  source: string,
  description: string,
  labels?: string[],
): MetricSpec =>
  labels === undefined ? { name, unit, source, description } : { name, unit, source, description, labels };

const availability: HostGroup = {
  ...availabilityGroup([
    spec('uptime_seconds', 'seconds', 'si.time()', 'Time since the machine was started'),
  ]),
  async read() {
    return sample('uptime_seconds', si.time().uptime);
  },
};

const cpu: HostGroup = {
  name: 'cpu',
  intervalMs: 30_000,
  metrics: [
    spec(
      'cpu_usage_percent',
      'percent',
      'si.currentLoad()',
      'Time not idle, over all cores, since the last collection',
    ),
    spec('cpu_user_percent', 'percent', 'si.currentLoad()', 'Time in programs'),
    spec('cpu_system_percent', 'percent', 'si.currentLoad()', 'Time in the kernel'),
    spec('cpu_steal_percent', 'percent', 'si.currentLoad()', 'Time that the hypervisor gave to others'),
    spec('cpu_cores', 'count', 'si.currentLoad()', 'Logical cores'),
    spec('load_average_1m', '1', 'si.currentLoad()', 'Load average of one minute, for each core'),
  ],
  async read() {
    const load = await si.currentLoad();
    return [
      ...sample('cpu_usage_percent', load.currentLoad),
      ...sample('cpu_user_percent', load.currentLoadUser),
      ...sample('cpu_system_percent', load.currentLoadSystem),
      ...sample('cpu_steal_percent', load.currentLoadSteal),
      ...sample('cpu_cores', load.cpus.length),
      ...sample('load_average_1m', load.avgLoad),
    ];
  },
};

const memory: HostGroup = {
  name: 'memory',
  intervalMs: 30_000,
  metrics: [
    spec('memory_total_bytes', 'bytes', 'si.mem()', 'Memory of the machine'),
    spec(
      'memory_available_bytes',
      'bytes',
      'si.mem()',
      'Memory that programs could have: free, and caches that can be given up',
    ),
    spec('memory_usage_percent', 'percent', 'si.mem()', 'Memory that is not available'),
    spec('swap_used_bytes', 'bytes', 'si.mem()', 'Swap in use'),
    spec('swap_usage_percent', 'percent', 'si.mem()', 'Swap in use; none on a machine without swap'),
  ],
  async read() {
    const mem = await si.mem();
    return [
      ...sample('memory_total_bytes', mem.total),
      ...sample('memory_available_bytes', mem.available),
      ...sample(
        'memory_usage_percent',
        mem.total > 0 ? (100 * (mem.total - mem.available)) / mem.total : null,
      ),
      ...sample('swap_used_bytes', mem.swapused),
      ...sample('swap_usage_percent', mem.swaptotal > 0 ? (100 * mem.swapused) / mem.swaptotal : null),
    ];
  },
};

const disk: HostGroup = {
  name: 'disk',
  intervalMs: 300_000,
  metrics: [
    spec('disk_size_bytes', 'bytes', 'si.fsSize()', 'Size of the file system', ['mount', 'device']),
    spec('disk_used_bytes', 'bytes', 'si.fsSize()', 'Bytes in use', ['mount', 'device']),
    spec('disk_available_bytes', 'bytes', 'si.fsSize()', 'Bytes that ordinary users may still write', [
      'mount',
      'device',
    ]),
    spec(
      'disk_usage_percent',
      'percent',
      'si.fsSize()',
      'Used bytes of those that ordinary users can have, as df shows it',
      ['mount', 'device'],
    ),
  ],
  async read() {
    const systems = await si.fsSize();
    return systems
      .filter((system) => system.size > 0)
      .flatMap((system) => {
        const labels = { mount: system.mount, device: system.fs };
        return [
          ...sample('disk_size_bytes', system.size, labels),
          ...sample('disk_used_bytes', system.used, labels),
          ...sample('disk_available_bytes', system.available, labels),
          ...sample('disk_usage_percent', system.use, labels),
        ];
      });
  },
};

const diskIo: HostGroup = {
  name: 'disk_io',
  intervalMs: 30_000,
  metrics: [
    spec(
      'disk_read_bytes_per_second',
      'bytes/s',
      'si.fsStats()',
      'Read from all disks since the last collection',
    ),
    spec('disk_write_bytes_per_second', 'bytes/s', 'si.fsStats()', 'Written to all disks'),
    spec('disk_reads_per_second', '1/s', 'si.disksIO()', 'Read operations'),
    spec('disk_writes_per_second', '1/s', 'si.disksIO()', 'Write operations'),
  ],
  async read(rates) {
    const [bytes, operations] = await Promise.all([si.fsStats(), si.disksIO()]);
    const at = Date.now();
    const rate = (name: string, counter: number | undefined): Sample[] =>
      counter === undefined || counter === null ? [] : sample(name, rates.perSecond(name, counter, at));
    // A container may see no disks; the library answers null then.
    return [
      ...rate('disk_read_bytes_per_second', bytes?.rx),
      ...rate('disk_write_bytes_per_second', bytes?.wx),
      ...rate('disk_reads_per_second', operations?.rIO),
      ...rate('disk_writes_per_second', operations?.wIO),
    ];
  },
};

const network: HostGroup = {
  name: 'network',
  intervalMs: 30_000,
  metrics: [
    spec(
      'network_receive_bytes_per_second',
      'bytes/s',
      'si.networkStats()',
      'Received since the last collection',
      ['interface'],
    ),
    spec('network_transmit_bytes_per_second', 'bytes/s', 'si.networkStats()', 'Sent', ['interface']),
    spec('network_errors_per_second', '1/s', 'si.networkStats()', 'Errors in both directions', ['interface']),
    spec('network_drops_per_second', '1/s', 'si.networkStats()', 'Packets dropped in both directions', [
      'interface',
    ]),
  ],
  async read(rates) {
    const interfaces = await si.networkStats('*');
    const at = Date.now();
    return interfaces.flatMap((each) => {
      const labels = { interface: each.iface };
      const rate = (name: string, counter: number): Sample[] =>
        sample(name, rates.perSecond(`${name}|${each.iface}`, counter, at), labels);
      return [
        ...rate('network_receive_bytes_per_second', each.rx_bytes),
        ...rate('network_transmit_bytes_per_second', each.tx_bytes),
        ...rate('network_errors_per_second', each.rx_errors + each.tx_errors),
        ...rate('network_drops_per_second', each.rx_dropped + each.tx_dropped),
      ];
    });
  },
};

const HOST_GROUPS: readonly HostGroup[] = [availability, cpu, memory, disk, diskIo, network];

export const hostCollector: Collector = {
  type: 'host',
  groups: HOST_GROUPS,
  open: openHost,
  classify: (error) => networkReason(error) ?? 'query',
};

function openHost(): Session {
  const rates = createRates();
  const underWay = new Map<string, Promise<readonly Sample[]>>();
  return {
    async collect(name) {
      const group = HOST_GROUPS.find((each) => each.name === name);
      if (group === undefined) throw new TocsinError('TOC_USAGE', `a host has no metric group "${name}"`);
      // A file system that hangs keeps `df` hanging; the next collection waits for that one and starts no other.
      const reading = underWay.get(name) ?? group.read(rates).finally(() => underWay.delete(name));
      underWay.set(name, reading);
      return await reading;
    },
    close: () => Promise.resolve(),
  };
}
