/** The grammar of `dns`, `cidrgroup` and `service`: what policies speak of by name. */
import type { Command } from 'commander'
import type { DnsLearnOptions, DnsOptions } from './dns-verbs.ts'
import type { LogSink } from './log-verb.ts'
import { wholeNumber } from './option-values.ts'
import type { Finder } from './program.ts'

export type FactContext = {
  readonly sink: LogSink
  /** Adds the options of a writing verb. */
  readonly writing: (command: Command) => Command
  /** Adds the options of a reading verb, and its action. */
  readonly reading: (command: Command, load: () => Promise<Finder>) => Command
}

const NODE = 'which node; by default $HINDCAST_NODE, the only one known, or this machine'

const verbs = () => import('./verbs.ts')
const dnsVerbs = () => import('./dns-verbs.ts')

export function addFacts(program: Command, { sink, writing, reading }: FactContext): void {
  const dns = program.command('dns').description('answers of the DNS, for toFQDNs')
  writing(dns.command('learn').argument('<name>', 'as it was asked for').argument('<address...>', 'what was answered'))
    .description('a name stands for these addresses too; for a DNS proxy, or by hand')
    .option('--ttl <seconds>', 'how long; by default until it is forgotten', wholeNumber)
    .option('--endpoint <id>', 'the endpoint that asked', wholeNumber)
    .option('--node <name>', NODE)
    .action(async (name: string, addresses: readonly string[], options: DnsLearnOptions) =>
      (await dnsVerbs()).learnDns({ name, addresses }, options, sink),
    )
  writing(dns.command('forget').argument('<name>', 'as it is listed').argument('[address...]', 'by default all of it'))
    .description('a name no longer stands for these addresses')
    .option('--node <name>', NODE)
    .action(async (name: string, addresses: readonly string[], options: DnsOptions) =>
      (await dnsVerbs()).forgetDns({ name, addresses }, options, sink),
    )
  reading(dns.command('list'), async () => (await verbs()).dnsNames).description(
    'names, their addresses and until when',
  )
  const groups = program.command('cidrgroup').description('groups of prefixes, for cidrGroupRef and cidrGroupSelector')
  reading(groups.command('list'), async () => (await verbs()).cidrGroups).description('groups and their prefixes')
  const services = program
    .command('service')
    .description('services with backends outside of the cluster, for toServices')
  reading(services.command('list'), async () => (await verbs()).services)
    .description('services and their backends')
    .option('-n, --namespace <name>', 'only of this namespace')
}
